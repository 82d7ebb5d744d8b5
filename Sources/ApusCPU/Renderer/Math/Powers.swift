// Single-precision power and remainder by way of double precision.

extension MathWriter {
  /// exp(y · log |x|) in double precision, with the sign and the edges of C's `pow`.
  func power(_ x: String, _ y: String) -> String {
    let d = MathWriter(f: f, m: m, type: .double)
    let wideX = f.convert("fpext", .float, x, .double)
    let wideY = f.convert("fpext", .float, y, .double)
    let (zero, one, infinity) = (d.constant(0), d.constant(1), d.constant(.infinity))
    let base = d.absolute(wideX)

    let exponent = d.mul(wideY, d.call(.log, base))
    let magnitude = d.call(.exp, exponent)

    let half = d.mul(wideY, d.constant(0.5))
    let isWhole = d.compare("oeq", d.intrinsic("floor", wideY), wideY)
    let isHalfWhole = d.compare("oeq", d.intrinsic("floor", half), half)
    let isOdd = f.binary("and", .i1, isWhole, f.binary("xor", .i1, isHalfWhole, "true"))
    let isNegative = f.value("icmp slt i64 \(d.toBits(wideX)), 0")
    let flips = f.binary("and", .i1, isOdd, isNegative)
    let signed = d.select(flips, d.negate(magnitude), magnitude)

    // A finite negative base has no real power that is not whole.
    let isBelowZero = d.compare("olt", wideX, zero)
    let isFinite = d.compare("one", base, infinity)
    let isFraction = f.binary("xor", .i1, isWhole, "true")
    let isUndefined = f.all([isBelowZero, isFinite, isFraction])
    var result = d.select(isUndefined, d.constant(.nan), signed)
    // (±1)^±∞ is 1; 1 to any power and any number to the power 0 are 1, a NaN included.
    let isUnit = d.compare("oeq", base, one)
    let isEndless = d.compare("oeq", d.absolute(wideY), infinity)
    result = d.select(f.binary("and", .i1, isUnit, isEndless), one, result)
    let isOne = d.compare("oeq", wideX, one)
    let isPowerZero = d.compare("oeq", wideY, zero)
    result = d.select(f.binary("or", .i1, isOne, isPowerZero), one, result)
    return f.convert("fptrunc", .double, result, .float)
  }

  /// What truncated division leaves, exactly.
  ///
  /// Long division in base 2^28: each digit of the quotient and its product with the divisor fit in
  /// a double, and ten digits span every quotient of two floats.
  func remainder(_ x: String, _ y: String) -> String {
    let d = MathWriter(f: f, m: m, type: .double)
    let divisor = d.absolute(f.convert("fpext", .float, y, .double))
    var rest = d.absolute(f.convert("fpext", .float, x, .double))
    var scale = 0x1p252
    for _ in 0..<10 {
      let scaled = d.mul(divisor, d.constant(scale))
      let digit = d.intrinsic("trunc", d.div(rest, scaled))
      rest = d.exactFMA(d.negate(digit), scaled, rest)
      scale *= 0x1p-28
    }
    let result = copySign(f.convert("fptrunc", .double, rest, .float), from: x)
    // A finite number is its own remainder by infinity.
    let infinity = constant(.infinity)
    let isEndless = compare("oeq", absolute(y), infinity)
    let isFinite = compare("one", absolute(x), infinity)
    return select(f.binary("and", .i1, isEndless, isFinite), x, result)
  }
}
