"""Writes what pandas reads from some nasty comma-separated texts: the tables of CSVPandasTests."""

import io
import json
import pathlib

import pandas as pd

# CSVOptions.missing; pandas has more.
MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None"]
CASES = [
    ("quotes", 'a,b,c\r\n"x,y","say ""hi""",1\r\n"",plain,2\r\n"""","a""b",3\r\n', {}),
    ("line breaks in quotes", 'a,b\n"two\nlines",1\n"three\r\n\r\nlines",2\n"\n",3\n', {}),
    ("byte order mark", "\ufeffa,b\n1,2\n", {}),
    ("blank lines and no last line feed", "\na,b\n\n1,x\n\n\n2,y", {}),
    ("missing values", 'i,f,t,e\n1,,x,\nNA,2.5,"NA",\n3,nan,null,\n4,-1e3,None,\n', {}),
    ("floats", "f\n1.7976931348623157e308\n4.9e-324\n2.2250738585072011e-308\n.5\n5.\n1E+5\n-0.0\n0.1\n"
     "9007199254740993.0\n123456789012345678901234567890\n0.30000000000000004\n1e-400\n", {}),
    ("infinities", "f\ninf\n-inf\nInfinity\n1.5\n", {}),
    ("whole numbers", "i\n9223372036854775807\n-9223372036854775808\n0007\n-0\n+5\n", {}),
    ("blanks around numbers", "i,f,t\n 1 , 2.5, x \n2 ,3 ,y\n", {}),
    ("truth values", "b,c\nTrue,true\nFALSE,False\ntrue,TRUE\n", {}),
    ("truth values and others", "b\nTrue\nyes\n1\n", {}),
    ("numbers and texts", "a,b\n1,1\n2.5,x\n,3\n", {}),
    ("dates and dashes are texts", "d,p,v\n2016-07-01,1-2,1.2.3\n2016-07-02,3-4,1e\n", {}),
    ("tabs and comments", "a\tb\n1\tx,y\n# a note\n2\tz\n", {"sep": "\t", "comment": "#"}),
    ("semicolons and apostrophes", "a;b\n'x;y';1,5\nz;2,5\n", {"sep": ";", "quotechar": "'"}),
    ("no header", "1,a\n2,b\n", {"header": None}),
    ("letters of other scripts", "naïve,数\n\"Ünï,cøde\",日本語\n🦅,é\n", {}),
    ("one column", "a\n1\n\n3\n", {}),
]


def column(name, values):
    kind = {"b": "bool", "i": "number", "f": "number"}.get(values.dtype.kind, "text")
    texts = [None if pd.isna(v) else repr(v) if kind == "number" else str(v) for v in values]
    return {"name": str(name), "kind": kind, "values": texts}


def read(text, options):
    return pd.read_csv(
        io.BytesIO(text.encode()), keep_default_na=False, na_values=MISSING, encoding="utf-8-sig", **options)


cases = [
    {"name": name, "text": text, "options": {k: v for k, v in options.items() if v is not None},
     "hasHeader": "header" not in options,
     "columns": [column(n, read(text, options)[n]) for n in read(text, options)]}
    for name, text, options in CASES
]
path = pathlib.Path(__file__).parents[2] / "Tests/ApusDataTests/Resources/pandas.json"
path.write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")
print(path, len(cases), "cases, pandas", pd.__version__)
