"""Writes what sacrebleu makes of some lines: the tokens of TextTests."""

import json
import pathlib

from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

lines = [
    "Hello, world!", "It costs $1,234.56 (about 5%)...", "a-b 3-4 x.y 1.a a.1 .5 5.",
    "&quot;Tom &amp; Jerry&quot; &lt;b&gt;", "Ein Mann, der 2-3 Äpfel isst; «oui»?", "e.g., U.S.A., Ph.D.",
    "tabs\tand  blanks ", "path/to_file [x] {y} ~z `q` ^", "don't stop-", "12,5 ,a 1,,2 ..", "日本語。テスト",
    "<skipped>x", "A&B;C:D@E", "",
]
tokenizer = Tokenizer13a()
cases = [{"line": line, "tokens": tokenizer(line).split()} for line in lines]
path = pathlib.Path(__file__).parents[2] / "Tests/ApusDataTests/Resources/13a.json"
path.write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")
