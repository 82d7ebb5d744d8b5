import ApusIR

/// A Swift type whose values can be elements of a tensor.
public protocol TensorScalar: BitwiseCopyable, Sendable {
  /// The dtype with this memory layout.
  static var dtype: DType { get }
  /// The dtype of tensors made from values of this type without naming one. It is `dtype`, but
  /// `f32` for `Double`, which stands for a number of no particular width, as a Python `float`.
  static var impliedDType: DType { get }
  init(scalar: Scalar)
  var scalar: Scalar { get }
}

extension TensorScalar {
  public static var impliedDType: DType { dtype }
}

extension Bool: TensorScalar {
  public static var dtype: DType { .bool }
  public init(scalar: Scalar) { self = scalar.bool }
  public var scalar: Scalar { .bool(self) }
}

extension TensorScalar where Self: FixedWidthInteger {
  public init(scalar: Scalar) { self.init(truncatingIfNeeded: scalar.int64) }
  public var scalar: Scalar { .integer(Int64(truncatingIfNeeded: self)) }
}

extension UInt8: TensorScalar { public static var dtype: DType { .u8 } }
extension Int8: TensorScalar { public static var dtype: DType { .i8 } }
extension Int16: TensorScalar { public static var dtype: DType { .i16 } }
extension Int32: TensorScalar { public static var dtype: DType { .i32 } }
extension Int64: TensorScalar { public static var dtype: DType { .i64 } }
extension Int: TensorScalar { public static var dtype: DType { .i64 } }

extension Float16: TensorScalar {
  public static var dtype: DType { .f16 }
  public init(scalar: Scalar) { self = Float16(scalar.double) }
  public var scalar: Scalar { .floating(Double(self)) }
}

extension BFloat16: TensorScalar {
  public static var dtype: DType { .bf16 }
  public init(scalar: Scalar) { self = BFloat16(scalar.double) }
  public var scalar: Scalar { .floating(Double(float)) }
}

extension Float: TensorScalar {
  public static var dtype: DType { .f32 }
  public init(scalar: Scalar) { self = Float(scalar.double) }
  public var scalar: Scalar { .floating(Double(self)) }
}

extension Double: TensorScalar {
  public static var dtype: DType { .f64 }
  public static var impliedDType: DType { .defaultFloating }
  public init(scalar: Scalar) { self = scalar.double }
  public var scalar: Scalar { .floating(self) }
}

extension DType {
  /// The Swift type with this dtype's memory layout.
  var scalarType: any TensorScalar.Type {
    switch self {
    case .bool: Bool.self
    case .u8: UInt8.self
    case .i8: Int8.self
    case .i16: Int16.self
    case .i32: Int32.self
    case .i64: Int64.self
    case .f16: Float16.self
    case .bf16: BFloat16.self
    case .f32: Float.self
    case .f64: Double.self
    }
  }
}

extension Buffer {
  /// A buffer of `dtype` with these elements, converted.
  static func converting<Element: TensorScalar>(_ elements: [Element], to dtype: DType) -> Buffer {
    if Element.dtype == dtype { return Buffer(copying: elements) }
    func convert<Target: TensorScalar>(to: Target.Type) -> Buffer {
      Buffer(copying: elements.map { Target(scalar: $0.scalar) })
    }
    if let floats = elements as? [Double], dtype == .f32 {
      return Buffer(copying: floats.map { Float($0) })
    }
    return convert(to: dtype.scalarType)
  }

  /// The first `count` elements, which are of `dtype`, converted to `Element`.
  func converted<Element: TensorScalar>(
    from dtype: DType, count: Int, to type: Element.Type
  ) -> [Element] {
    if Element.dtype == dtype {
      return Array(elements(as: Element.self)[..<count])
    }
    func convert<Source: TensorScalar>(from: Source.Type) -> [Element] {
      elements(as: Source.self)[..<count].map { Element(scalar: $0.scalar) }
    }
    return convert(from: dtype.scalarType)
  }
}
