import ApusIR

/// How one dtype lies in memory, and the type its arithmetic is done in.
protocol Element: BitwiseCopyable {
  /// Float for the 16-bit floating types, else the number itself.
  associatedtype Value: Arithmetic
  static var isFloating: Bool { get }
  var value: Value { get }
  /// Rounds once to what this dtype can hold.
  init(_ value: Value)
  /// Exact for every floating dtype.
  var floating: Double { get }
  /// Exact for every integer dtype and `bool`.
  var integer: Int64 { get }
  init(floating: Double)
  init(integer: Int64)
}

extension Element {
  init(_ scalar: Scalar) {
    switch scalar {
    case .bool(let value): self.init(integer: value ? 1 : 0)
    case .integer(let value): self.init(integer: value)
    case .floating(let value): self.init(floating: value)
    }
  }
}

/// A `bool` in memory: one byte, where anything but 0 counts as true.
struct Boolean: Element {
  var byte: UInt8

  static var isFloating: Bool { false }
  init(_ value: UInt8) { byte = value == 0 ? 0 : 1 }
  init(floating: Double) { byte = floating == 0 ? 0 : 1 }
  init(integer: Int64) { byte = integer == 0 ? 0 : 1 }
  var value: UInt8 { byte == 0 ? 0 : 1 }
  var floating: Double { Double(value) }
  var integer: Int64 { Int64(value) }
}

extension Element where Self: FixedWidthInteger, Value == Self {
  static var isFloating: Bool { false }
  init(floating: Double) {
    if floating.isNaN {
      self = 0
    } else if let exact = Self(exactly: floating.rounded(.towardZero)) {
      self = exact
    } else {
      self = floating < 0 ? .min : .max
    }
  }
  init(integer: Int64) { self.init(truncatingIfNeeded: integer) }
  var value: Self { self }
  var floating: Double { Double(self) }
  var integer: Int64 { Int64(self) }
}

extension UInt8: Element {}
extension Int8: Element {}
extension Int16: Element {}
extension Int32: Element {}
extension Int64: Element {}

extension Float: Element {
  static var isFloating: Bool { true }
  init(floating: Double) { self.init(floating) }
  init(integer: Int64) { self.init(integer) }
  var value: Float { self }
  var floating: Double { Double(self) }
  var integer: Int64 { Int64(floating: Double(self)) }
}

extension Double: Element {
  static var isFloating: Bool { true }
  init(floating: Double) { self = floating }
  init(integer: Int64) { self.init(integer) }
  var value: Double { self }
  var floating: Double { self }
  var integer: Int64 { Int64(floating: self) }
}

extension Float16: Element {
  static var isFloating: Bool { true }
  init(floating: Double) { self.init(Float(floating)) }
  init(integer: Int64) { self.init(Float(integer)) }
  var value: Float { Float(self) }
  var floating: Double { Double(self) }
  var integer: Int64 { Int64(floating: Double(self)) }
}

extension BFloat16: Element {
  static var isFloating: Bool { true }
  init(floating: Double) { self.init(Float(floating)) }
  init(integer: Int64) { self.init(Float(integer)) }
  var value: Float { float }
  var floating: Double { Double(float) }
  var integer: Int64 { Int64(floating: Double(float)) }
}
