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
  // Floating results are computed in Double and rounded. For + - * / sqrt and f32 or f16 operands
  // that is the correctly rounded result, as Double has more than twice their digits.

  static func unary(_ op: Unary, _ x: Scalar, _ dtype: DType) -> Scalar? {
    switch (op, x) {
    case (.not, .bool(let value)): return .bool(!value)
    case (.not, .integer(let value)): return Scalar.integer(~value).converted(to: dtype)
    case (.negate, .integer(let value)): return Scalar.integer(0 &- value).converted(to: dtype)
    case (.absolute, .integer(let value)):
      return Scalar.integer(value < 0 ? 0 &- value : value).converted(to: dtype)
    case (.sign, .integer(let value)): return .integer(value.signum())
    case (_, .floating(let value)): return unary(op, value).map { rounded($0, dtype) }
    default: return nil
    }
  }

  private static func unary(_ op: Unary, _ x: Double) -> Double? {
    switch op {
    case .negate: -x
    case .absolute: x.magnitude
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x.isNaN || x.sign == .minus ? nil : 0
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .round: x.rounded(.toNearestOrEven)
    case .exp: exp(x)
    case .expm1: expm1(x)
    case .log: log(x)
    case .log1p: log1p(x)
    case .sqrt: x.squareRoot()
    case .rsqrt: 1 / x.squareRoot()
    case .sin: sin(x)
    case .cos: cos(x)
    case .tan: tan(x)
    case .atan: atan(x)
    case .tanh: tanh(x)
    case .erf: erf(x)
    case .sigmoid: 1 / (1 + exp(-x))
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
      return floating(op, x, y).map { rounded($0, dtype) }
    default: return nil
    }
  }

  private static func floating(_ op: Binary, _ x: Double, _ y: Double) -> Double? {
    switch op {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    case .remainder: fmod(x, y)
    case .power: pow(x, y)
    case .maximum: x.isNaN || y.isNaN ? .nan : x == 0 && y == 0 && x.sign != y.sign ? nil : max(x, y)
    case .minimum: x.isNaN || y.isNaN ? .nan : x == 0 && y == 0 && x.sign != y.sign ? nil : min(x, y)
    case .atan2: atan2(x, y)
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

  private static func compare<Number: Comparable>(_ op: Comparison, _ x: Number, _ y: Number) -> Bool {
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
      return isExactSum(value, count: count, dtype) ? rounded(value * Double(count), dtype) : nil
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
    let largest = dtype.accumulator == .f64 ? Double.greatestFiniteMagnitude : Double(Float.greatestFiniteMagnitude)
    let odd = Int(value.significand * 0x1p52)
    let significand = odd >> odd.trailingZeroBitCount
    let (product, overflow) = significand.multipliedReportingOverflow(by: count)
    return !overflow && product <= 1 << digits && value.magnitude * Double(count) <= largest
  }

  /// A number computed in Double as one of `dtype`. 16-bit types are computed in f32 first.
  private static func rounded(_ value: Double, _ dtype: DType) -> Scalar {
    let wide = dtype == .f64 ? value : Double(Float(value))
    return Scalar.floating(wide).converted(to: dtype)
  }
}
