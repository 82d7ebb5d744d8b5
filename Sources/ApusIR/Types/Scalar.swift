/// One number of any dtype, as an attribute of a primitive.
///
/// Two scalars are equal when they have the same kind and the same bits, so that a NaN equals
/// itself and -0.0 differs from 0.0: a graph's structure decides, not arithmetic.
public enum Scalar: Sendable {
  case bool(Bool)
  case integer(Int64)
  case floating(Double)

  public var double: Double {
    switch self {
    case .bool(let value): value ? 1 : 0
    case .integer(let value): Double(value)
    case .floating(let value): value
    }
  }

  /// The value as an integer: truncated toward zero, saturated, a NaN as 0.
  public var int64: Int64 {
    switch self {
    case .bool(let value): value ? 1 : 0
    case .integer(let value): value
    case .floating(let value):
      value.isNaN ? 0 : Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
    }
  }

  public var bool: Bool {
    switch self {
    case .bool(let value): value
    case .integer(let value): value != 0
    case .floating(let value): value != 0
    }
  }

  /// The same number in the kind of `dtype`, by the rules of `Primitive.cast`.
  public func converted(to dtype: DType) -> Scalar {
    switch dtype {
    case .bool: .bool(bool)
    case .u8: .integer(Int64(integer(UInt8.self)))
    case .i8: .integer(Int64(integer(Int8.self)))
    case .i16: .integer(Int64(integer(Int16.self)))
    case .i32: .integer(Int64(integer(Int32.self)))
    case .i64: .integer(int64)
    case .f16: .floating(Double(Float16(float)))
    case .bf16: .floating(Double(BFloat16(float).float))
    case .f32: .floating(Double(float))
    case .f64: .floating(double)
    }
  }

  /// Rounded once: an `Int64` by way of `Double` would be rounded twice.
  private var float: Float {
    if case .integer(let value) = self { Float(value) } else { Float(double) }
  }

  /// Saturated from a floating number, wrapped from an integer.
  private func integer<Target: FixedWidthInteger>(_ target: Target.Type) -> Target {
    if case .floating = self { Target(clamping: int64) } else { Target(truncatingIfNeeded: int64) }
  }

  public static func zero(_ dtype: DType) -> Scalar { Scalar.integer(0).converted(to: dtype) }
  public static func one(_ dtype: DType) -> Scalar { Scalar.integer(1).converted(to: dtype) }

  /// The least value of `dtype`: minus infinity for floating dtypes.
  public static func lowest(_ dtype: DType) -> Scalar {
    switch dtype {
    case .bool: .bool(false)
    case .u8: .integer(0)
    case .i8: .integer(Int64(Int8.min))
    case .i16: .integer(Int64(Int16.min))
    case .i32: .integer(Int64(Int32.min))
    case .i64: .integer(.min)
    case .f16, .bf16, .f32, .f64: .floating(-.infinity)
    }
  }

  /// The greatest value of `dtype`: infinity for floating dtypes.
  public static func highest(_ dtype: DType) -> Scalar {
    switch dtype {
    case .bool: .bool(true)
    case .u8: .integer(Int64(UInt8.max))
    case .i8: .integer(Int64(Int8.max))
    case .i16: .integer(Int64(Int16.max))
    case .i32: .integer(Int64(Int32.max))
    case .i64: .integer(.max)
    case .f16, .bf16, .f32, .f64: .floating(.infinity)
    }
  }
}

extension Scalar: Hashable {
  public static func == (a: Scalar, b: Scalar) -> Bool {
    switch (a, b) {
    case (.bool(let x), .bool(let y)): x == y
    case (.integer(let x), .integer(let y)): x == y
    case (.floating(let x), .floating(let y)): x.bitPattern == y.bitPattern
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .bool(let value): hasher.combine(value)
    case .integer(let value): hasher.combine(value)
    case .floating(let value): hasher.combine(value.bitPattern)
    }
  }
}

extension Scalar: CustomStringConvertible {
  public var description: String {
    switch self {
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .floating(let value): "\(value)"
    }
  }
}
