#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The elementwise primitives on one number, for folding constants.
///
/// Scalars are taken to be of the given dtype already (`Scalar.converted`), and results are. Nil
/// where the documentation of the primitive leaves the result's bits open: the greater of 0 and -0,
/// the sign of a NaN.
enum ScalarArithmetic {
  // As in the engines, f64 is computed in Double and every other floating dtype in Float.

  static func unary(_ op: Unary, _ x: Scalar, _ dtype: DType) -> Scalar? {
    switch (op, x) {
    case (.not, .bool(let value)): return .bool(!value)
    case (.not, .integer(let value)): return Scalar.integer(~value).converted(to: dtype)
    case (.negate, .integer(let value)): return Scalar.integer(0 &- value).converted(to: dtype)
    case (.absolute, .integer(let value)):
      return Scalar.integer(value < 0 ? 0 &- value : value).converted(to: dtype)
    case (.sign, .integer(let value)): return .integer(value.signum())
    case (_, .floating(let value)):
      return dtype == .f64
        ? unary(op, value).map { .floating($0) }
        : unary(op, Float(value)).map { rounded($0, dtype) }
    default: return nil
    }
  }

  private static func unary<Number: Elementary>(_ op: Unary, _ x: Number) -> Number? {
    switch op {
    case .negate: -x
    case .absolute: x.magnitude
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x.isNaN || x.sign == .minus ? nil : 0
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .round: x.rounded(.toNearestOrEven)
    case .exp: .exponential(x)
    case .expm1: .exponentialMinusOne(x)
    case .log: .logarithm(x)
    case .log1p: .logarithmOnePlus(x)
    case .sqrt: x.squareRoot()
    case .rsqrt: 1 / x.squareRoot()
    case .sin: .sine(x)
    case .cos: .cosine(x)
    case .tan: .tangent(x)
    case .atan: .arcTangent(x)
    case .tanh: .hyperbolicTangent(x)
    case .erf: .errorFunction(x)
    case .sigmoid: 1 / (1 + .exponential(-x))
    case .not: nil
    }
  }

  static func binary(_ op: Binary, _ a: Scalar, _ b: Scalar, _ dtype: DType) -> Scalar? {
    switch (a, b) {
    case (.bool(let x), .bool(let y)):
      switch op {
      case .and, .minimum: return .bool(x && y)
      case .or, .maximum: return .bool(x || y)
      case .xor: return .bool(x != y)
      default: return nil
      }
    case (.integer(let x), .integer(let y)):
      return .integer(integer(op, x, y, dtype)).converted(to: dtype)
    case (.floating(let x), .floating(let y)):
      return dtype == .f64
        ? floating(op, x, y).map { .floating($0) }
        : floating(op, Float(x), Float(y)).map { rounded($0, dtype) }
    default: return nil
    }
  }

  private static func floating<Number: Elementary>(
    _ op: Binary, _ x: Number, _ y: Number
  ) -> Number? {
    switch op {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    case .remainder: .remainderOfDivision(x, y)
    case .power: .power(x, y)
    case .maximum: x.isNaN || y.isNaN ? .nan : x == y && x.sign != y.sign ? nil : max(x, y)
    case .minimum: x.isNaN || y.isNaN ? .nan : x == y && x.sign != y.sign ? nil : min(x, y)
    case .atan2: .angle(x, y)
    case .and, .or, .xor, .shiftLeft, .shiftRight: nil
    }
  }

  /// The caller wraps the result to the dtype.
  private static func integer(_ op: Binary, _ x: Int64, _ y: Int64, _ dtype: DType) -> Int64 {
    let width = Int64(dtype.byteCount * 8)
    switch op {
    case .add: return x &+ y
    case .subtract: return x &- y
    case .multiply: return x &* y
    case .divide: return y == 0 ? 0 : x.dividedReportingOverflow(by: y).partialValue
    case .remainder: return y == 0 || y == -1 ? 0 : x % y
    case .power: return power(x, y)
    case .maximum: return max(x, y)
    case .minimum: return min(x, y)
    case .and: return x & y
    case .or: return x | y
    case .xor: return x ^ y
    case .shiftLeft: return y < 0 || y >= width ? 0 : x << y
    case .shiftRight: return x >> (y < 0 || y >= width ? width - 1 : y)
    case .atan2: return 0
    }
  }

  /// Wraps on overflow; a negative exponent gives 0, but for bases 1 and -1.
  static func power(_ base: Int64, _ exponent: Int64) -> Int64 {
    if exponent < 0 { return base == 1 ? 1 : base == -1 ? (exponent & 1 == 0 ? 1 : -1) : 0 }
    var (result, square, left): (Int64, Int64, Int64) = (1, base, exponent)
    while left > 0 {
      if left & 1 == 1 { result = result &* square }
      square = square &* square
      left >>= 1
    }
    return result
  }

  static func compare(_ op: Comparison, _ a: Scalar, _ b: Scalar) -> Bool {
    if case .floating(let x) = a, case .floating(let y) = b { return compare(op, x, y) }
    return compare(op, a.int64, b.int64)
  }

  private static func compare<Number: Comparable>(_ op: Comparison, _ x: Number, _ y: Number)
    -> Bool
  {
    switch op {
    case .equal: x == y
    case .notEqual: x != y
    case .less: x < y
    case .lessEqual: x <= y
    case .greater: x > y
    case .greaterEqual: x >= y
    }
  }

  /// `count` equal numbers combined, or nil where the result depends on the order of rounding.
  static func reduce(_ op: Reduction, _ x: Scalar, count: Int, _ dtype: DType) -> Scalar? {
    if count == 0 { return op.identity(dtype) }
    switch op {
    case .maximum, .minimum: return x
    case .sum:
      guard case .floating(let value) = x else {
        return Scalar.integer(x.int64 &* Int64(count)).converted(to: dtype)
      }
      let isExact = isExactSum(value, count: count, dtype)
      return isExact ? Scalar.floating(value * Double(count)).converted(to: dtype) : nil
    case .product:
      guard case .floating(let value) = x else {
        return Scalar.integer(power(x.int64, Int64(count))).converted(to: dtype)
      }
      return value == 1 || (value == 0 && value.sign == .plus) ? x : nil
    }
  }

  /// Whether each partial sum of equal numbers is a number of the accumulator's dtype.
  private static func isExactSum(_ value: Double, count: Int, _ dtype: DType) -> Bool {
    if value == 0 { return value.sign == .plus }
    guard value.isFinite else { return false }
    let digits = dtype.accumulator == .f64 ? 53 : 24
    let largest =
      dtype.accumulator == .f64
      ? Double.greatestFiniteMagnitude : Double(Float.greatestFiniteMagnitude)
    let odd = Int(value.significand * 0x1p52)
    let significand = odd >> odd.trailingZeroBitCount
    let (product, overflow) = significand.multipliedReportingOverflow(by: count)
    return !overflow && product <= 1 << digits && value.magnitude * Double(count) <= largest
  }

  private static func rounded(_ value: Float, _ dtype: DType) -> Scalar {
    Scalar.floating(Double(value)).converted(to: dtype)
  }

  /// Nil where a floating number lies outside the range of an integer dtype.
  static func cast(_ x: Scalar, to dtype: DType) -> Scalar? {
    switch x {
    case .floating(let value) where dtype.isInteger:
      guard let integer = Int64(exactly: value.rounded(.towardZero)) else { return nil }
      let result = Scalar.integer(integer).converted(to: dtype)
      return result == .integer(integer) ? result : nil
    case .integer(let value) where dtype == .f32:
      // Rounded once.
      return .floating(Double(Float(value)))
    case .integer(let value) where dtype == .f16 || dtype == .bf16:
      // Larger integers may be rounded once or twice.
      return value.magnitude < 1 << 24 ? x.converted(to: dtype) : nil
    default:
      return x.converted(to: dtype)
    }
  }
}

/// What `ScalarArithmetic` needs of the C library, for both widths.
private protocol Elementary: BinaryFloatingPoint {
  static func exponential(_ x: Self) -> Self
  static func exponentialMinusOne(_ x: Self) -> Self
  static func logarithm(_ x: Self) -> Self
  static func logarithmOnePlus(_ x: Self) -> Self
  static func sine(_ x: Self) -> Self
  static func cosine(_ x: Self) -> Self
  static func tangent(_ x: Self) -> Self
  static func arcTangent(_ x: Self) -> Self
  static func hyperbolicTangent(_ x: Self) -> Self
  static func errorFunction(_ x: Self) -> Self
  static func power(_ x: Self, _ y: Self) -> Self
  static func angle(_ x: Self, _ y: Self) -> Self
  static func remainderOfDivision(_ x: Self, _ y: Self) -> Self
}

extension Float: Elementary {
  fileprivate static func exponential(_ x: Float) -> Float { expf(x) }
  fileprivate static func exponentialMinusOne(_ x: Float) -> Float { expm1f(x) }
  fileprivate static func logarithm(_ x: Float) -> Float { logf(x) }
  fileprivate static func logarithmOnePlus(_ x: Float) -> Float { log1pf(x) }
  fileprivate static func sine(_ x: Float) -> Float { sinf(x) }
  fileprivate static func cosine(_ x: Float) -> Float { cosf(x) }
  fileprivate static func tangent(_ x: Float) -> Float { tanf(x) }
  fileprivate static func arcTangent(_ x: Float) -> Float { atanf(x) }
  fileprivate static func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
  fileprivate static func errorFunction(_ x: Float) -> Float { erff(x) }
  fileprivate static func power(_ x: Float, _ y: Float) -> Float { powf(x, y) }
  fileprivate static func angle(_ x: Float, _ y: Float) -> Float { atan2f(x, y) }
  fileprivate static func remainderOfDivision(_ x: Float, _ y: Float) -> Float { fmodf(x, y) }
}

extension Double: Elementary {
  fileprivate static func exponential(_ x: Double) -> Double { exp(x) }
  fileprivate static func exponentialMinusOne(_ x: Double) -> Double { expm1(x) }
  fileprivate static func logarithm(_ x: Double) -> Double { log(x) }
  fileprivate static func logarithmOnePlus(_ x: Double) -> Double { log1p(x) }
  fileprivate static func sine(_ x: Double) -> Double { sin(x) }
  fileprivate static func cosine(_ x: Double) -> Double { cos(x) }
  fileprivate static func tangent(_ x: Double) -> Double { tan(x) }
  fileprivate static func arcTangent(_ x: Double) -> Double { atan(x) }
  fileprivate static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
  fileprivate static func errorFunction(_ x: Double) -> Double { erf(x) }
  fileprivate static func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
  fileprivate static func angle(_ x: Double, _ y: Double) -> Double { atan2(x, y) }
  fileprivate static func remainderOfDivision(_ x: Double, _ y: Double) -> Double { fmod(x, y) }
}
