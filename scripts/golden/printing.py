"""How NumPy prints arrays: cases for Tests/ApusTests/PrintingTests.swift.

    python scripts/golden/printing.py Tests/ApusTests/Resources/printing.json
"""

import json
import sys

import numpy as np

rng = np.random.default_rng(0)
NAMES = {"float16": "f16", "float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64",
         "uint8": "u8", "bool": "bool"}
inf, nan = np.inf, np.nan
ARRAYS = [
    np.float32(0), np.float32(2.5), np.float64(1 / 3), np.float32(1e-5), np.float32(1e20), np.int64(-7),
    np.bool_(True), np.float32(nan), np.float64(-inf), np.float32(123456.789), np.float16(0.1),
    np.zeros((0,), np.float32), np.zeros((2, 0, 3), np.float32), np.zeros((2, 3), np.float32),
    np.arange(10), np.arange(-3, 9).reshape(3, 4), np.arange(24, dtype=np.int32).reshape(2, 3, 4),
    np.array([True, False, True]), np.array([[True], [False]]), np.array([200, 3], np.uint8),
    np.array([1.5, 2.25, -3], np.float32), np.array([1 / 3, 2 / 3, 100], np.float32),
    np.array([1 / 3, 2 / 3, 100], np.float64), np.array([1e-5, 1, 2], np.float32),
    np.array([1e9, 1], np.float64), np.array([1, 1001], np.float32), np.array([1, 999.5], np.float32),
    np.array([nan, 1, inf], np.float32), np.array([nan, -inf], np.float32), np.array([-inf, 1e-10, 5]),
    np.array([0.0, -0.0], np.float32), np.array([1e-300, 1e300]), np.array([1e-7, 2.5e-7], np.float32),
    np.array([0.1, 0.2, 0.3], np.float16), np.array([65504, 1e-7], np.float16),
    rng.standard_normal((3, 4)).astype(np.float32), rng.standard_normal((2, 2, 3)),
    rng.standard_normal(30).astype(np.float32), rng.standard_normal((40, 40)).astype(np.float32),
    np.arange(1001), np.arange(1000), np.arange(5000).reshape(50, 100), np.arange(4096).reshape(16, 16, 16),
    rng.integers(-10**12, 10**12, (3, 30)), np.linspace(0, 1, 11, dtype=np.float32),
    np.array([99999999.0], np.float64), np.array([100000000.0], np.float64), np.array([0.0001]),
    np.array([0.00009]), np.array([16777216, 3], np.float32), np.array([1.123456785, 2.0]),
    np.array([0.123456789012], np.float64), np.eye(3, dtype=np.float32), np.arange(1, 7) ** 20.0,
]
cases = []
for a in ARRAYS:
    a = np.asarray(a)
    values = [str(v) if a.dtype.kind == "f" else int(v) for v in a.reshape(-1)]
    if a.dtype.kind == "f":
        values = [float(v).hex() if np.isfinite(v) else str(v) for v in a.reshape(-1)]
    compact = a.dtype.kind == "i" and a.size > 900
    cases.append({"dtype": NAMES[str(a.dtype)], "shape": list(a.shape),
                  "values": [] if compact else [str(v) for v in values], "text": str(a[()])})
with open(sys.argv[1], "w") as file:
    json.dump(cases, file, indent=0)
