#!/usr/bin/env python3
"""Writes the golden numbers of every primitive: Tests/ApusReferenceTests/Resources/*.safetensors.

Needs torch, numpy and safetensors. Run it from the root of the repository; the output depends on
nothing but the version of torch, and is committed. Where PyTorch does not define a result (integer
division by zero, shifts too far, float to integer out of range), the expected value is written
here by Apus's own documentation.
"""

import itertools
import pathlib

import numpy
import torch
import torch.nn.functional as F

from golden import DTYPES, FLOATS, INTEGERS, NAMES, NUMBERS, Golden

OUTPUT = pathlib.Path("Tests/ApusReferenceTests/Resources")
INF, NAN = float("inf"), float("nan")
generator = torch.Generator().manual_seed(20)


def integers(shape, low, high, dtype):
    """Random integers in low..<high: every sum of their products is exact in f32."""
    return torch.randint(low, high, shape, generator=generator).to(DTYPES[dtype])


def eighths(shape, dtype, reach=16):
    """Random multiples of 1/8 up to 2: exact in every floating dtype, and so are sums of products."""
    return (torch.randint(-reach, reach + 1, shape, generator=generator) / 8).to(DTYPES[dtype])


def numbers(shape, dtype):
    if dtype == "bool":
        return integers(shape, 0, 2, dtype)
    if dtype in FLOATS:
        return eighths(shape, dtype)
    return integers(shape, 0 if dtype == "u8" else -9, 10, dtype)


def tensor(values, dtype):
    return torch.tensor(values, dtype=DTYPES[dtype])


def limits(dtype):
    info = torch.iinfo(DTYPES[dtype])
    return info.min, info.max


# MARK: - Elementwise

UNARY = {
    "exp": torch.exp, "expm1": torch.expm1, "log": torch.log, "log1p": torch.log1p,
    "sqrt": torch.sqrt, "rsqrt": torch.rsqrt, "sin": torch.sin, "cos": torch.cos, "tan": torch.tan,
    "atan": torch.atan, "tanh": torch.tanh, "erf": torch.erf, "sigmoid": torch.sigmoid,
}
EXACT_UNARY = {
    "negate": torch.neg, "absolute": torch.abs, "sign": torch.sign, "floor": torch.floor,
    "ceil": torch.ceil, "round": torch.round,
}


def elementwise(golden):
    values = [0.0, -0.0, 0.1, -0.3, 0.5, -0.5, 1.0, -1.0, 1.5, -1.5, 2.5, 3.75, -7.2, 12.0, 40.0,
              1e-4, -1e-4, INF, -INF, NAN]
    for dtype in FLOATS:
        x = tensor(values, dtype)
        for name, function in EXACT_UNARY.items():
            golden.add(name, {}, [x], function(x))
        for name, function in UNARY.items():
            # Computed in f64 and rounded once: what a perfect implementation gives.
            golden.add(name, {}, [x], function(x.double()).to(x.dtype),
                       ulps=4 if dtype in ("f32", "f64") else 1)
        binary_floating(golden, dtype)
    for dtype in INTEGERS:
        low, high = limits(dtype)
        x = tensor([0, 1, 2, 7, 100, high, low, low + 1, (low + high) // 2], dtype)
        golden.add("negate", {}, [x], -x)
        golden.add("absolute", {}, [x], x if dtype == "u8" else x.abs())
        golden.add("sign", {}, [x], x.sign())
        golden.add("not", {}, [x], ~x)
        binary_integer(golden, dtype)
    mask = tensor([True, False, True], "bool")
    golden.add("not", {}, [mask], ~mask)
    a, b = tensor([0, 0, 1, 1], "bool"), tensor([0, 1, 0, 1], "bool")
    for name, function in {"and": torch.logical_and, "or": torch.logical_or,
                           "xor": torch.logical_xor, "maximum": torch.maximum,
                           "minimum": torch.minimum}.items():
        golden.add(name, {}, [a, b], function(a, b))
    compare_select_cast(golden)
    for shape in ([0], [3, 0, 2], [], [1, 2, 1, 2, 1, 2, 1, 2]):
        x = eighths(shape, "f32")
        golden.add("negate", {}, [x], -x)
        golden.add("add", {}, [x, x], x + x)


def binary_floating(golden, dtype):
    some = [0.0, -0.0, 0.3, -0.75, 1.0, -1.0, 3.0, -3.5, 60.0, INF, -INF, NAN]
    if dtype in ("f16", "f64"):
        some = some[:1] + some[2::2]
    pairs = list(itertools.product(some, some))
    a, b = (tensor([pair[i] for pair in pairs], dtype) for i in (0, 1))
    exact = {"add": torch.add, "subtract": torch.sub, "multiply": torch.mul, "divide": torch.div,
             "maximum": torch.maximum, "minimum": torch.minimum}
    for name, function in exact.items():
        golden.add(name, {}, [a, b], function(a, b))
    # fmod is exact, so f64 and one rounding give the dtype's own; torch.fmod in f16 is not.
    golden.add("remainder", {}, [a, b], torch.fmod(a.double(), b.double()).to(a.dtype))
    golden.add("power", {}, [a, b], torch.pow(a.double(), b.double()).to(a.dtype),
               ulps=4 if dtype in ("f32", "f64") else 1)
    golden.add("atan2", {}, [a, b], torch.atan2(a.double(), b.double()).to(a.dtype),
               ulps=4 if dtype in ("f32", "f64") else 1)


def binary_integer(golden, dtype):
    low, high = limits(dtype)
    bits = torch.iinfo(DTYPES[dtype]).bits
    some = {0, 1, 3, 7, bits - 1, bits, low, high} | (set() if dtype == "u8" else {-1, -2})
    if dtype in ("i16", "i32"):
        some -= {7, 1}
    some = sorted(some)
    pairs = list(itertools.product(some, some))

    def wrap(value):
        value &= (1 << bits) - 1
        return value - (1 << bits) if low < 0 and value >> (bits - 1) else value

    def divide(x, y):
        if y == 0:
            return 0
        quotient = abs(x) // abs(y)
        return quotient if (x < 0) == (y < 0) else -quotient

    def power(x, y):
        if y < 0:
            return {1: 1, -1: 1 if y % 2 == 0 else -1}.get(x, 0)
        return pow(x, y, 1 << bits)

    functions = {
        "add": lambda x, y: x + y, "subtract": lambda x, y: x - y, "multiply": lambda x, y: x * y,
        "divide": divide, "remainder": lambda x, y: x - divide(x, y) * y if y else 0,
        "power": power, "maximum": max, "minimum": min,
        "and": lambda x, y: x & y, "or": lambda x, y: x | y, "xor": lambda x, y: x ^ y,
        "shiftLeft": lambda x, y: x << y if 0 <= y < bits else 0,
        "shiftRight": lambda x, y: x >> (y if 0 <= y < bits else bits - 1),
    }
    a, b = (tensor([pair[i] for pair in pairs], dtype) for i in (0, 1))
    for name, function in functions.items():
        golden.add(name, {}, [a, b], tensor([wrap(function(x, y)) for x, y in pairs], dtype))
    # The same from PyTorch, where it defines the result.
    keep = [i for i, (x, y) in enumerate(pairs) if y > 0 and (y < bits)]
    a, b = a[keep], b[keep]
    for name, function in {"add": torch.add, "multiply": torch.mul,
                           "divide": lambda x, y: torch.div(x, y, rounding_mode="trunc"),
                           "remainder": torch.fmod, "power": torch.pow,
                           "shiftLeft": torch.bitwise_left_shift,
                           "shiftRight": torch.bitwise_right_shift}.items():
        expected = tensor([wrap(functions[name](x, y)) for x, y in
                           zip(a.tolist(), b.tolist())], dtype)
        assert torch.equal(function(a, b), expected), (name, dtype)


def compare_select_cast(golden):
    comparisons = {"equal": torch.eq, "notEqual": torch.ne, "less": torch.lt,
                   "lessEqual": torch.le, "greater": torch.gt, "greaterEqual": torch.ge}
    for dtype in DTYPES:
        if dtype in FLOATS:
            some = [0.0, -0.0, 1.5, -2.0, INF, NAN]
        else:
            some = [0, 1] if dtype == "bool" else [0, *limits(dtype)]
        pairs = list(itertools.product(some, some))
        a, b = (tensor([pair[i] for pair in pairs], dtype) for i in (0, 1))
        for name, function in comparisons.items():
            golden.add(name, {}, [a, b], function(a, b))
        mask = integers([len(pairs)], 0, 2, "bool")
        golden.add("select", {}, [mask, a, b], torch.where(mask, a, b))
    casts(golden)


def casts(golden):
    for source in DTYPES:
        if source in FLOATS:
            x = tensor([0.0, -0.0, 0.5, -0.5, 1.0, 1.99, -1.99, 100.3, 127.5, 129.0, 200.0, 255.9,
                        300.0, -129.0, 1 / 3, 1.00390625, 1.01171875, 40000.0, -40000.0, 65519.0,
                        65520.0, 5e9, -5e9, 1e30, -1e30, 6e-8, 1e-40, INF, -INF, NAN], source)
        elif source == "bool":
            x = tensor([0, 1], source)
        else:
            low, high = limits(source)
            x = tensor([v for v in (0, 1, -1, 5, 127, 128, 255, 256, 257, 259, 32767, 65519, 65520,
                                    16777217, 16777219, -16777219, 2**31 - 1, 2**40 + 2**16 + 1,
                                    9007199254740993, low, high) if low <= v <= high], source)
        for target in DTYPES:
            golden.add("cast", {"dtype": target}, [x], cast(x, source, target),
                       label=f"{source} to {target}")


def cast(x, source, target):
    if source in FLOATS and target in INTEGERS:
        low, high = limits(target)

        def one(value):
            if value != value:
                return 0
            return low if value <= low else high if value >= high else int(value)
        return tensor([one(value) for value in x.double().tolist()], target)
    if target in ("f16", "bf16"):
        return x.to(torch.float32).to(DTYPES[target])
    return x.to(DTYPES[target])


# MARK: - Sources

def sources(golden):
    for dtype in DTYPES:
        value = {"bool": True}.get(dtype, 3)
        golden.add("constant", {"dtype": dtype, "shape": [2, 3], "value": value}, [],
                   torch.full([2, 3], value, dtype=DTYPES[dtype]))
        if dtype != "bool":
            golden.add("iota", {"dtype": dtype, "shape": [2, 3, 2], "axis": 1}, [],
                       torch.arange(3).to(DTYPES[dtype])[None, :, None].expand(2, 3, 2))
    for dtype in FLOATS:
        golden.add("constant", {"dtype": dtype, "shape": [1], "value": 0.1}, [],
                   torch.full([1], 0.1, dtype=DTYPES[dtype]))
    golden.add("constant", {"dtype": "f32", "shape": [], "value": -2.5}, [], tensor(-2.5, "f32"))
    golden.add("constant", {"dtype": "i32", "shape": [0, 4], "value": 1}, [],
               torch.zeros([0, 4], dtype=torch.int32))
    golden.add("iota", {"dtype": "bf16", "shape": [300], "axis": 0}, [],
               torch.arange(300).to(torch.bfloat16))
    golden.add("iota", {"dtype": "u8", "shape": [260], "axis": 0}, [],
               torch.arange(260).to(torch.uint8))
    golden.add("iota", {"dtype": "f32", "shape": [4, 0], "axis": 0}, [], torch.zeros([4, 0]))
    for seed, stream, count in ((0, 0, 5), (1, 2, 6), (-1, -1, 3), (2**40 + 7, -(2**50) + 3, 4)):
        blocks = [philox(seed, stream, index) for index in range(count)]
        first = numpy.array([block[0] for block in blocks], numpy.uint32).view(numpy.int32)
        both = numpy.array([block[0] | block[1] << 32 for block in blocks], numpy.uint64)
        key = tensor([seed, stream], "i64")
        golden.add("randomBits", {"dtype": "i32", "shape": [count]}, [key],
                   torch.from_numpy(first.copy()))
        golden.add("randomBits", {"dtype": "i64", "shape": [1, count]}, [key],
                   torch.from_numpy(both.view(numpy.int64).copy())[None])
    golden.add("randomBits", {"dtype": "i32", "shape": []}, [tensor([3, 4], "i64")],
               tensor(int(numpy.uint32(philox(3, 4, 0)[0]).view(numpy.int32)), "i32"))


def philox(seed, stream, index):
    """One block of Philox4x32-10 with counter (index, stream) and key seed."""
    low = lambda word: word & 0xFFFFFFFF
    high = lambda word: word >> 32 & 0xFFFFFFFF
    return philox4x32([low(index), high(index), low(stream), high(stream)], [low(seed), high(seed)])


def philox4x32(counter, key):
    x, k = list(counter), list(key)
    for _ in range(10):
        p, q = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [q >> 32 ^ x[1] ^ k[0], q & 0xFFFFFFFF, p >> 32 ^ x[3] ^ k[1], p & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return x


def check_philox():
    """The known answers of Random123's kat_vectors for philox4x32 with ten rounds."""
    ones = 0xFFFFFFFF
    known = [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([ones] * 4, [ones] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0],
         [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
    ]
    for counter, key, expected in known:
        assert philox4x32(counter, key) == expected


# MARK: - Movement

def movement(golden):
    for dtype in DTYPES:
        x = numbers([2, 1, 3], dtype)
        golden.add("broadcast", {"shape": [2, 2, 4, 3]}, [x], x.expand(2, 2, 4, 3))
        x = numbers([2, 3, 4], dtype)
        golden.add("reshape", {"shape": [4, 6]}, [x], x.reshape(4, 6))
        golden.add("transpose", {"permutation": [2, 0, 1]}, [x], x.permute(2, 0, 1))
        golden.add("slice", {"starts": [0, 1, 1], "ends": [2, 3, 4], "strides": [1, 1, 2]}, [x],
                   x[0:2, 1:3, 1:4:2])
        golden.add("reverse", {"axes": [0, 2]}, [x], x.flip(0, 2))
        pad(golden, x, [1, 0, 2], [0, 2, 1], [0, 1, 2], 1)
        y = numbers([2, 2, 4], dtype)
        golden.add("concatenate", {"axis": 1}, [x, y, x], torch.cat([x, y, x], 1))
        golden.add("stopGradient", {}, [x], x)
        golden.add("barrier", {}, [x, y], x)
        golden.add("output", {"index": 1}, [x, y], y)
    empty, scalar, x = torch.zeros([0, 3]), tensor(1.5, "f32"), eighths([5], "f32")
    golden.add("broadcast", {"shape": [2, 0, 3]}, [empty], empty.expand(2, 0, 3))
    golden.add("broadcast", {"shape": [2, 2]}, [scalar], scalar.expand(2, 2))
    golden.add("broadcast", {"shape": []}, [scalar], scalar)
    golden.add("broadcast", {"shape": [0, 5]}, [x], x.expand(0, 5))
    golden.add("reshape", {"shape": [1, 1]}, [scalar], scalar.reshape(1, 1))
    golden.add("reshape", {"shape": [7, 0]}, [empty], empty.reshape(7, 0))
    golden.add("transpose", {"permutation": []}, [scalar], scalar)
    golden.add("transpose", {"permutation": [1, 0]}, [empty], empty.t())
    golden.add("slice", {"starts": [5], "ends": [5], "strides": [3]}, [x], x[5:5])
    golden.add("slice", {"starts": [], "ends": [], "strides": []}, [scalar], scalar)
    golden.add("slice", {"starts": [0], "ends": [5], "strides": [4]}, [x], x[::4])
    golden.add("reverse", {"axes": []}, [x], x)
    golden.add("reverse", {"axes": [0]}, [empty], empty)
    row = eighths([1, 3], "f32")
    golden.add("concatenate", {"axis": 0}, [empty, row, empty], row)
    pad(golden, empty, [1, 0], [1, 1], [5, 0], -1)
    pad(golden, x, [0], [0], [1], NAN)
    pad(golden, x, [2], [1], [0], -INF)
    pad(golden, scalar, [], [], [], 0)
    high = eighths([1, 2, 1, 2, 1, 2, 1, 2, 1, 2], "f32")
    order = [9, 1, 7, 3, 5, 4, 6, 2, 8, 0]
    golden.add("transpose", {"permutation": order}, [high], high.permute(order))


def pad(golden, x, low, high, interior, value):
    extents = [l + h + n + max(n - 1, 0) * i
               for l, h, n, i in zip(low, high, x.shape, interior)]
    result = torch.full(extents, value, dtype=x.dtype)
    if x.numel():
        places = tuple(slice(l, l + (n - 1) * (i + 1) + 1, i + 1)
                       for l, n, i in zip(low, x.shape, interior))
        result[places] = x
    golden.add("pad", {"low": low, "high": high, "interior": interior,
                       "value": "nan" if value != value else "-inf" if value == -INF else value},
               [x], result)


# MARK: - Reductions

def reduce_by(name, x, axes):
    """The reduction over several axes, one after the other; sums and products in f64 or i64."""
    if not axes:
        return x
    if name in ("Sum", "Product"):
        wide = x.double() if x.is_floating_point() else x.long()
        for axis in sorted(axes, reverse=True):
            wide = wide.sum(axis) if name == "Sum" else wide.prod(axis)
        return wide.to(x.dtype)
    if x.dtype == torch.bool:
        for axis in sorted(axes, reverse=True):
            x = x.any(axis) if name == "Maximum" else x.all(axis)
        return x
    return torch.amax(x, axes) if name == "Maximum" else torch.amin(x, axes)


def reductions(golden):
    names = ["Sum", "Product", "Maximum", "Minimum"]
    for dtype in DTYPES:
        x = numbers([2, 3, 4], dtype)
        for name in names if dtype != "bool" else names[2:]:
            for axes in ([1], [0, 2], [2, 1, 0], []) if dtype in ("f32", "i32") else ([0, 2],):
                golden.add("reduce" + name, {"axes": axes}, [x], reduce_by(name, x, axes),
                           label=f"{dtype} {axes}")
            for axis, reverse in ((0, False), (1, True), (2, False))[0 if dtype == "f32" else 1:]:
                golden.add("cumulative" + name, {"axis": axis, "reverse": reverse}, [x],
                           cumulative(name, x, axis, reverse),
                           label=f"{dtype} axis {axis}{' reverse' if reverse else ''}")
        for axis in range(3) if dtype == "f32" else (1,):
            wide = x.to(torch.uint8) if dtype == "bool" else x
            golden.add("argMax", {"axis": axis}, [x], first(wide, axis, wide.amax(axis, True)))
            golden.add("argMin", {"axis": axis}, [x], first(wide, axis, wide.amin(axis, True)))
    special_reductions(golden)


def first(x, axis, best):
    """The index of the first element equal to `best` (torch's own choice among ties is open)."""
    return (x == best).to(torch.uint8).argmax(axis)


def special_reductions(golden):
    for dtype in FLOATS:
        x = tensor([[1.0, NAN, 3.0, NAN], [INF, 2.0, -INF, 0.0], [-INF] * 4, [2.0, 2.0, 1.0, 1.0]],
                   dtype)
        for name in ("Sum", "Maximum", "Minimum"):
            golden.add("reduce" + name, {"axes": [1]}, [x], reduce_by(name, x, [1]))
            golden.add("cumulative" + name, {"axis": 1, "reverse": False}, [x],
                       cumulative(name, x, 1, False))
        golden.add("argMax", {"axis": 1}, [x], tensor([1, 0, 0, 0], "i64"))
        golden.add("argMin", {"axis": 1}, [x], tensor([1, 2, 0, 2], "i64"))
        # NaN is both greatest and least in PyTorch too.
        assert x[:2].argmax(1).tolist() == [1, 0] and x[:2].argmin(1).tolist() == [1, 2]
        empty = torch.zeros([2, 0, 3], dtype=DTYPES[dtype])
        for name, value in (("Sum", 0), ("Product", 1), ("Maximum", -INF), ("Minimum", INF)):
            golden.add("reduce" + name, {"axes": [1]}, [empty],
                       torch.full([2, 3], value, dtype=DTYPES[dtype]))
    for dtype in ["bool", *INTEGERS]:
        low, high = (False, True) if dtype == "bool" else limits(dtype)
        empty = torch.zeros([0, 2], dtype=DTYPES[dtype])
        for name, value in (("Maximum", low), ("Minimum", high)):
            golden.add("reduce" + name, {"axes": [0]}, [empty],
                       torch.full([2], value, dtype=DTYPES[dtype]))
    # Sums that a 16-bit accumulator could not make: 1 + 1 + … stops at 256 in bf16, 2048 in f16.
    for dtype, count in (("bf16", 300), ("f16", 2100)):
        x = torch.ones([count], dtype=DTYPES[dtype])
        golden.add("reduceSum", {"axes": [0]}, [x], tensor(float(count), dtype))
    x = torch.ones([400], dtype=torch.bfloat16)
    golden.add("cumulativeSum", {"axis": 0, "reverse": False}, [x],
               torch.arange(1, 401).to(torch.bfloat16))
    # A naive f32 sum of these loses digits.
    x = torch.rand([700], generator=generator)
    golden.add("reduceSum", {"axes": [0]}, [x], x.double().sum().float(), ulps=1)
    for dtype in ("i8", "i32", "u8"):
        high = limits(dtype)[1]
        x = tensor([high, high, 3], dtype)
        golden.add("reduceSum", {"axes": [0]}, [x], x.sum(0, dtype=x.dtype))
        golden.add("reduceProduct", {"axes": [0]}, [x], x.prod(0, dtype=x.dtype))
    scalar = tensor(2.5, "f32")
    golden.add("reduceSum", {"axes": []}, [scalar], scalar)
    none = torch.zeros([2, 0])
    golden.add("cumulativeSum", {"axis": 1, "reverse": False}, [none], none)
    golden.add("reduceMaximum", {"axes": [0]}, [none], torch.zeros([0]))
    golden.add("argMax", {"axis": 0}, [none], torch.zeros([0], dtype=torch.int64))


def cumulative(name, x, axis, reverse):
    if reverse:
        x = x.flip(axis)
    if name in ("Sum", "Product"):
        wide = x.double() if x.is_floating_point() else x.long()
        y = (wide.cumsum(axis) if name == "Sum" else wide.cumprod(axis)).to(x.dtype)
    else:
        wide = x.to(torch.uint8) if x.dtype == torch.bool else x
        y = (wide.cummax(axis) if name == "Maximum" else wide.cummin(axis)).values.to(x.dtype)
    return y.flip(axis) if reverse else y


# MARK: - Contractions

def contractions(golden):
    for dtype in NUMBERS:
        for transposeA, transposeB in itertools.product((False, True), (False, True)):
            if transposeA != transposeB and dtype not in ("f32", "bf16"):
                continue
            a, b = numbers([2, 3, 5], dtype), numbers([2, 5, 4], dtype)
            wide = (a.double() @ b.double()) if dtype in FLOATS else (a.long() @ b.long())
            operands = [a.mT if transposeA else a, b.mT if transposeB else b]
            golden.add("matmul", {"transposeA": transposeA, "transposeB": transposeB}, operands,
                       wide.to(a.dtype), label=f"{dtype} {transposeA} {transposeB}")
    plain = {"transposeA": False, "transposeB": False}
    for m, k, n in ((1, 1, 1), (0, 3, 2), (2, 0, 3), (2, 3, 0), (7, 33, 5)):
        a, b = eighths([m, k], "f32"), eighths([k, n], "f32")
        golden.add("matmul", plain, [a, b], a @ b)
    a, b = eighths([0, 2, 3], "f32"), eighths([0, 3, 2], "f32")
    golden.add("matmul", plain, [a, b], a @ b)
    a, b = eighths([2, 1, 2, 2, 3], "f32"), eighths([2, 1, 2, 3, 1], "f32")
    golden.add("matmul", plain, [a, b], a @ b)
    a, b = tensor([[100, 100]], "i8"), tensor([[2], [3]], "i8")
    golden.add("matmul", plain, [a, b], tensor([[500 - 512]], "i8"))
    a, b = torch.ones([1, 600], dtype=torch.bfloat16), torch.ones([600, 1], dtype=torch.bfloat16)
    golden.add("matmul", plain, [a, b], tensor([[600.0]], "bf16"))
    a, b = tensor([[NAN, 1.0], [INF, 0.0]], "f32"), tensor([[0.0], [2.0]], "f32")
    golden.add("matmul", plain, [a, b], a @ b)
    convolutions(golden)


def convolutions(golden):
    cases = [
        # batch, spatial, channels in and out, kernel, strides, dilations, low, high, groups, dtypes
        (2, [7], 3, 4, [3], [1], [1], [0], [0], 1, ["f16", "bf16"]),
        (1, [9], 4, 6, [3], [2], [2], [1], [3], 2, ["f32"]),
        (2, [5, 6], 3, 4, [3, 2], [1, 1], [1, 1], [1, 0], [1, 1], 1, ["f32", "f64"]),
        (1, [7, 6], 4, 4, [3, 3], [2, 1], [1, 2], [0, 2], [1, 1], 4, ["f32"]),
        (2, [6, 5], 4, 6, [2, 3], [3, 2], [2, 1], [2, 1], [0, 0], 2, ["f32", "bf16"]),
        (1, [3, 3], 2, 2, [1, 1], [1, 1], [1, 1], [0, 0], [0, 0], 1, ["f32"]),
        (1, [4, 3, 4], 2, 4, [2, 3, 2], [2, 1, 1], [1, 1, 2], [1, 1, 0], [0, 1, 1], 2, ["f32", "f16"]),
        (1, [1], 1, 1, [3], [1], [1], [1], [1], 1, ["f32"]),
    ]
    for n, spatial, inputs, outputs, kernel, strides, dilations, low, high, groups, dtypes in cases:
        for dtype in dtypes:
            x = eighths([n, *spatial, inputs], dtype, reach=8)
            w = eighths([outputs, inputs // groups, *kernel], dtype, reach=8)
            convolution(golden, x, w, strides, dilations, low, high, groups, dtype)
    empty_convolutions(golden)


def convolution(golden, x, w, strides, dilations, low, high, groups, dtype):
    rank = len(strides)
    wide_x = x.double().movedim(-1, 1).requires_grad_()
    wide_w = w.double().requires_grad_()
    padding = [p for pair in zip(reversed(low), reversed(high)) for p in pair]
    function = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[rank]
    y = function(F.pad(wide_x, padding), wide_w, None, strides, 0, dilations, groups)
    dy = eighths(list(y.movedim(1, -1).shape), dtype, reach=8)
    y.backward(dy.double().movedim(-1, 1))
    attributes = {"strides": strides, "dilations": dilations, "low": low, "high": high,
                  "groups": groups}
    golden.add("convolution", {**attributes, "extents": []}, [x, w],
               y.movedim(1, -1).to(x.dtype))
    golden.add("convolutionInputGradient", {**attributes, "extents": list(x.shape[1:-1])}, [dy, w],
               wide_x.grad.movedim(1, -1).to(x.dtype))
    golden.add("convolutionWeightGradient", {**attributes, "extents": list(w.shape[2:])}, [x, dy],
               wide_w.grad.to(x.dtype))


def empty_convolutions(golden):
    attributes = {"strides": [1, 1], "dilations": [1, 1], "low": [0, 0], "high": [0, 0],
                  "groups": 1}
    x, w, dy = torch.zeros([0, 4, 4, 2]), eighths([3, 2, 2, 2], "f32"), torch.zeros([0, 3, 3, 3])
    golden.add("convolution", {**attributes, "extents": []}, [x, w], dy)
    golden.add("convolutionInputGradient", {**attributes, "extents": [4, 4]}, [dy, w], x)
    golden.add("convolutionWeightGradient", {**attributes, "extents": [2, 2]}, [x, dy],
               torch.zeros([3, 2, 2, 2]))
    none, kernel = torch.zeros([1, 3, 3, 0]), torch.zeros([2, 0, 2, 2])
    golden.add("convolution", {**attributes, "extents": []}, [none, kernel],
               torch.zeros([1, 2, 2, 2]))


# MARK: - Windows

def windows(golden):
    cases = [
        # shape, sizes, strides, dilations, low, high
        ([2, 7, 3], [3], [2], [1], [1], [0]),
        ([1, 6, 5, 2], [2, 3], [2, 1], [1, 2], [1, 0], [0, 2]),
        ([1, 4, 3, 4, 2], [2, 2, 3], [1, 2, 1], [2, 1, 1], [0, 1, 1], [1, 0, 0]),
    ]
    for shape, sizes, strides, dilations, low, high in cases:
        for dtype in DTYPES if len(sizes) == 2 else ["f32"]:
            window(golden, numbers(shape, dtype), sizes, strides, dilations, low, high)
    x = tensor([1.0, NAN, 3.0, -INF, -INF, 2.0, NAN, NAN], "f32").reshape(1, 8, 1)
    window(golden, x, [2], [2], [1], [0], [0])
    window(golden, x, [1], [3], [1], [4], [4])
    window(golden, torch.zeros([0, 4, 4, 1]), [2, 2], [2, 2], [1, 1], [0, 0], [0, 0])
    window(golden, tensor([3.0], "f32").reshape(1, 1, 1), [1], [1], [1], [0], [0])


def window(golden, x, sizes, strides, dilations, low, high):
    """Windows by hand from slices of a padded array, checked against torch where it has them."""
    dtype = NAMES[x.dtype]
    attributes = {"sizes": sizes, "strides": strides, "dilations": dilations, "low": low,
                  "high": high}
    rank = len(sizes)
    outputs = [(n + l + h - d * (k - 1) - 1) // s + 1
               for n, l, h, d, k, s in zip(x.shape[1:-1], low, high, dilations, sizes, strides)]
    extents = [n + l + h for n, l, h in zip(x.shape[1:-1], low, high)]
    inside = (slice(None), *(slice(l, l + n) for l, n in zip(low, x.shape[1:-1])))

    def taps(value, y):
        padded = torch.full([x.shape[0], *extents, x.shape[-1]], value, dtype=y.dtype)
        padded[inside] = y
        for place in itertools.product(*map(range, sizes)):
            cut = tuple(slice(p * d, p * d + (o - 1) * s + 1, s)
                        for p, d, o, s in zip(place, dilations, outputs, strides))
            yield padded[(slice(None), *cut)]

    if dtype == "bool":
        wide, least, most = x.to(torch.uint8), 0, 1
    elif dtype in FLOATS:
        wide, least, most = x.double(), -INF, INF
    else:
        wide, (least, most) = x.long(), limits(dtype)
    stacked = torch.stack(list(taps(least, wide)))
    reduced = {
        "windowMaximum": stacked.amax(0),
        "windowMinimum": torch.stack(list(taps(most, wide))).amin(0),
    }
    if dtype != "bool":
        reduced["windowSum"] = torch.stack(list(taps(0, wide))).sum(0)
        reduced["windowProduct"] = torch.stack(list(taps(1, wide))).prod(0)
    for name, result in reduced.items():
        golden.add(name, attributes, [x], result.to(x.dtype))
    if rank == 2 and dtype == "f32" and x.numel() and low == high:
        pooled = F.max_pool2d(x.movedim(-1, 1), sizes, strides, low, dilations).movedim(1, -1)
        assert torch.equal(pooled, reduced["windowMaximum"].float())

    numel = torch.tensor(x.shape[1:-1]).prod().item()
    index = torch.arange(numel).reshape([1, *x.shape[1:-1], 1]).expand(x.shape)
    candidates = list(zip(taps(least, wide), taps(-1, index)))
    best_value, best_index = candidates[0][0].clone(), candidates[0][1].clone()
    for value, place in candidates[1:]:
        better = (place >= 0) & ((best_index < 0) | (value > best_value)
                                 | (value.isnan() & ~best_value.isnan()))
        best_value[better], best_index[better] = value[better], place[better]
    golden.add("windowArgMax", attributes, [x], best_index.to(torch.int32))


# MARK: - Indexing

def indexing(golden):
    for dtype in DTYPES:
        x = numbers([3, 4, 2], dtype)
        places = integers([2, 3], 0, 4, "i32" if dtype in ("u8", "f32") else "i64")
        flat = places.reshape(-1).long()
        taken = x.index_select(1, flat).reshape(3, 2, 3, 2)
        golden.add("gather", {"axis": 1, "addressing": "slices"}, [x, places], taken)
        elements = integers([3, 5, 2], 0, 4, "i64")
        golden.add("gather", {"axis": 1, "addressing": "elements"}, [x, elements],
                   x.gather(1, elements))
        scatters(golden, dtype, x, places, elements)
        for axis, descending, count in ((0, False, 3), (1, True, 2), (2, False, 1)):
            wide = x.to(torch.uint8) if dtype == "bool" else x
            order = torch.sort(wide, dim=axis, descending=descending, stable=True).indices
            golden.add("argSort", {"axis": axis, "descending": descending, "count": count}, [x],
                       order.narrow(axis, 0, count), label=f"{dtype} {axis} {descending} {count}")
    special_indexing(golden)


def scatters(golden, dtype, x, places, elements):
    flat = places.reshape(-1).long()
    slices = numbers([3, 2, 3, 2], dtype)
    updates = numbers([3, 5, 2], dtype)
    if dtype != "bool":
        wide = x.double() if dtype in FLOATS else x.long()
        added = wide.index_add(1, flat, slices.reshape(3, 6, 2).to(wide.dtype)).to(x.dtype)
        golden.add("scatter", {"axis": 1, "addressing": "slices", "combine": "add"},
                   [x, places, slices], added)
        added = wide.scatter_add(1, elements, updates.to(wide.dtype)).to(x.dtype)
        golden.add("scatter", {"axis": 1, "addressing": "elements", "combine": "add"},
                   [x, elements, updates], added)
    # torch leaves open which of several updates stays; here the last does.
    replaced = x.clone()
    for i, place in enumerate(flat.tolist()):
        replaced[:, place] = slices.reshape(3, 6, 2)[:, i]
    golden.add("scatter", {"axis": 1, "addressing": "slices", "combine": "replace"},
               [x, places, slices], replaced)
    replaced = x.clone()
    for i, j, k in itertools.product(range(3), range(5), range(2)):
        replaced[i, elements[i, j, k], k] = updates[i, j, k]
    golden.add("scatter", {"axis": 1, "addressing": "elements", "combine": "replace"},
               [x, elements, updates], replaced)


def special_indexing(golden):
    slices, elements = ({"axis": 0, "addressing": kind} for kind in ("slices", "elements"))
    x = eighths([3, 2], "f32")
    wild = tensor([-1, 0, 3, 2, 2**62, -2**63, 2**32], "i64")
    inside = tensor([0, 1, 0, 1, 0, 0, 0], "bool")[:, None]
    taken = torch.where(inside, x[tensor([0, 0, 0, 2, 0, 0, 0], "i64")], tensor(0.0, "f32"))
    golden.add("gather", slices, [x, wild], taken)
    spread = wild[:, None].expand(7, 2)
    golden.add("gather", elements, [x, spread], taken)
    updates = eighths([7, 2], "f32")
    added, replaced = x.clone(), x.clone()
    added[0] += updates[1]
    added[2] += updates[3]
    replaced[0], replaced[2] = updates[1], updates[3]
    for attributes, indices in ((slices, wild), (elements, spread)):
        golden.add("scatter", {**attributes, "combine": "add"}, [x, indices, updates], added)
        golden.add("scatter", {**attributes, "combine": "replace"}, [x, indices, updates], replaced)
    scalar = tensor(1, "i32")
    golden.add("gather", slices, [x, scalar], x[1])
    none = torch.zeros([0], dtype=torch.int64)
    golden.add("gather", slices, [x, none], torch.zeros([0, 2]))
    golden.add("scatter", {**slices, "combine": "add"}, [x, none, torch.zeros([0, 2])], x)
    empty = torch.zeros([0, 2])
    golden.add("gather", slices, [empty, tensor([0, 1], "i64")], torch.zeros([2, 2]))
    golden.add("scatter", {**slices, "combine": "add"},
               [empty, tensor([0], "i64"), torch.zeros([1, 2])], empty)
    # 300 ones into one bf16 place: only an accumulator in f32 gets there.
    golden.add("scatter", {**slices, "combine": "add"},
               [torch.zeros([1], dtype=torch.bfloat16), torch.zeros([300], dtype=torch.int32),
                torch.ones([300], dtype=torch.bfloat16)], tensor([300.0], "bf16"))
    for dtype in FLOATS:
        x = tensor([1.0, NAN, -INF, 0.0, INF, -0.0, 1.0, NAN, -2.0], dtype)
        for descending in (False, True):
            order = torch.sort(x, descending=descending, stable=True).indices
            golden.add("argSort", {"axis": 0, "descending": descending, "count": 9}, [x], order,
                       label=f"{dtype} special {descending}")
    golden.add("argSort", {"axis": 0, "descending": False, "count": 0}, [x], none)
    golden.add("argSort", {"axis": 0, "descending": False, "count": 0}, [empty],
               torch.zeros([0, 2], dtype=torch.int64))


# MARK: - Control

def control(golden):
    row = {"dtype": "f32", "shape": [3]}
    # Constants w; carries h; sequence x. h' = tanh(h * w + x); each round returns h' and h.
    body = {
        "inputs": [row, row, row],
        "steps": [
            {"primitive": {"name": "multiply"}, "operands": [1, 0]},
            {"primitive": {"name": "add"}, "operands": [3, 2]},
            {"primitive": {"name": "tanh"}, "operands": [4]},
        ],
        "outputs": [5, 5, 1],
    }
    w, h0, xs = eighths([3], "f32"), eighths([3], "f32"), eighths([4, 3], "f32")
    for reverse, length in ((False, 4), (True, 4), (False, 0)):
        h, after, before = h0, torch.zeros([length, 3]), torch.zeros([length, 3])
        for t in reversed(range(length)) if reverse else range(length):
            before[t] = h
            h = torch.tanh(h * w + xs[t])
            after[t] = h
        scan = {"body": body, "length": length, "constants": 1, "carries": 1, "reverse": reverse}
        golden.add("scan", scan, [w, h0, xs[:length]], [h, after, before], ulps=8)

    # Two carries that change places, (a, b) -> (b, a + b), without sequences: Fibonacci.
    number = {"dtype": "i64", "shape": []}
    body = {
        "inputs": [number, number],
        "steps": [{"primitive": {"name": "add"}, "operands": [0, 1]}],
        "outputs": [1, 2, 0],
    }
    golden.add("scan", {"body": body, "length": 7, "constants": 0, "carries": 2, "reverse": False},
               [tensor(0, "i64"), tensor(1, "i64")],
               [tensor(13, "i64"), tensor(21, "i64"), tensor([0, 1, 1, 2, 3, 5, 8], "i64")])

    # A loop in a loop: for each row, the running sum of its elements.
    inner = {
        "inputs": [number, number],
        "steps": [{"primitive": {"name": "add"}, "operands": [0, 1]}],
        "outputs": [2, 2],
    }
    outer = {
        "inputs": [number, {"dtype": "i64", "shape": [3]}],
        "steps": [{"primitive": {"name": "scan", "body": inner, "length": 3, "constants": 0,
                                 "carries": 1, "reverse": False}, "operands": [0, 1]}],
        "outputs": [2, 3],
    }
    x = tensor([[1, 2, 3], [4, 5, 6]], "i64")
    golden.add("scan", {"body": outer, "length": 2, "constants": 0, "carries": 1, "reverse": False},
               [tensor(10, "i64"), x],
               [tensor(31, "i64"), 10 + x.reshape(-1).cumsum(0).reshape(2, 3)], label="nested")

    # Two results of which one is an operand.
    body = {
        "inputs": [row, row],
        "steps": [{"primitive": {"name": "subtract"}, "operands": [1, 0]}],
        "outputs": [2, 0, 2],
    }
    a, b = eighths([3], "f32"), eighths([3], "f32")
    golden.add("call", {"body": body}, [a, b], [b - a, a, b - a])

    # The host function of the tests with this name: the operand's elements in reverse.
    x = tensor([1, 2, 3], "i32")
    golden.add("host", {}, [x], x.flip(0))


def main():
    check_philox()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for family in (elementwise, sources, movement, reductions, contractions, windows, indexing,
                   control):
        golden = Golden()
        family(golden)
        golden.write(OUTPUT / f"{family.__name__}.safetensors")


if __name__ == "__main__":
    main()
