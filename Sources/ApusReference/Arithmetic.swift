/// What the loops need to know of the type they compute in.
protocol Arithmetic: Comparable, BitwiseCopyable {
  /// The type sums are made in: f64 for floating types, so that the oracle's sums carry no
  /// rounding worth mentioning; integers wrap, so their own type will do.
  associatedtype Sum: Arithmetic where Sum.Sum == Sum
  var wide: Sum { get }
  init(narrowing sum: Sum)

  static var zero: Self { get }
  static var one: Self { get }
  /// No number is less.
  static var lowest: Self { get }
  /// No number is greater.
  static var highest: Self { get }
  static func plus(_ a: Self, _ b: Self) -> Self
  static func minus(_ a: Self, _ b: Self) -> Self
  static func times(_ a: Self, _ b: Self) -> Self
  var isNaN: Bool { get }
}

extension Arithmetic {
  /// A NaN in either operand gives NaN.
  @inline(__always) static func greater(_ a: Self, _ b: Self) -> Self {
    a.isNaN ? a : (b.isNaN || b > a ? b : a)
  }

  /// A NaN in either operand gives NaN.
  @inline(__always) static func lesser(_ a: Self, _ b: Self) -> Self {
    a.isNaN ? a : (b.isNaN || b < a ? b : a)
  }

  /// Whether `a` stands before `b` in ascending order, where a NaN is the greatest of all.
  @inline(__always) static func precedes(_ a: Self, _ b: Self) -> Bool {
    a < b || (!a.isNaN && b.isNaN)
  }
}

extension Arithmetic where Self: FixedWidthInteger {
  var wide: Self { self }
  init(narrowing sum: Self) { self = sum }
  static var one: Self { 1 }
  static var lowest: Self { .min }
  static var highest: Self { .max }
  @inline(__always) static func plus(_ a: Self, _ b: Self) -> Self { a &+ b }
  @inline(__always) static func minus(_ a: Self, _ b: Self) -> Self { a &- b }
  @inline(__always) static func times(_ a: Self, _ b: Self) -> Self { a &* b }
  var isNaN: Bool { false }
}

extension UInt8: Arithmetic {}
extension Int8: Arithmetic {}
extension Int16: Arithmetic {}
extension Int32: Arithmetic {}
extension Int64: Arithmetic {}

extension Arithmetic where Self: BinaryFloatingPoint {
  static var one: Self { 1 }
  static var lowest: Self { -.infinity }
  static var highest: Self { .infinity }
  @inline(__always) static func plus(_ a: Self, _ b: Self) -> Self { a + b }
  @inline(__always) static func minus(_ a: Self, _ b: Self) -> Self { a - b }
  @inline(__always) static func times(_ a: Self, _ b: Self) -> Self { a * b }
}

extension Float: Arithmetic {
  var wide: Double { Double(self) }
  init(narrowing sum: Double) { self.init(sum) }
}

extension Double: Arithmetic {
  var wide: Double { self }
  init(narrowing sum: Double) { self = sum }
}
