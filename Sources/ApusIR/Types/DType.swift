/// The type of one element of a tensor.
///
/// The raw value is the short name used in text forms, error messages and on the command line.
public enum DType: String, CaseIterable, Hashable, Sendable {
  case bool
  case u8
  case i8
  case i16
  case i32
  case i64
  case f16
  case bf16
  case f32
  case f64

  /// Bytes of one element in memory. A `bool` takes one byte, 0 or 1.
  public var byteCount: Int {
    switch self {
    case .bool, .u8, .i8: 1
    case .i16, .f16, .bf16: 2
    case .i32, .f32: 4
    case .i64, .f64: 8
    }
  }

  /// The kind of number, from the least to the most general. Promotion never leaves the higher kind.
  public enum Category: Int, Comparable, Sendable {
    case bool, integer, floating
    public static func < (a: Category, b: Category) -> Bool { a.rawValue < b.rawValue }
  }

  public var category: Category {
    switch self {
    case .bool: .bool
    case .u8, .i8, .i16, .i32, .i64: .integer
    case .f16, .bf16, .f32, .f64: .floating
    }
  }

  public var isFloating: Bool { category == .floating }
  public var isInteger: Bool { category == .integer }

  /// The dtype in which sums and products of this dtype are accumulated:
  /// `f32` for the 16-bit floating types, `i64` for integers and `bool`, else the dtype itself.
  public var accumulator: DType {
    switch self {
    case .f16, .bf16: .f32
    case .bool, .u8, .i8, .i16, .i32, .i64: .i64
    case .f32, .f64: self
    }
  }

  /// The common dtype of two tensors, by PyTorch's table for tensors of the same rank class.
  ///
  /// - A higher category wins (`i64` with `f16` is `f16`).
  /// - Within a category the wider wins; `u8` with a signed type takes the next signed type that
  ///   holds both (`u8` with `i8` is `i16`); `f16` with `bf16` is `f32`.
  public static func promote(_ a: DType, _ b: DType) -> DType {
    if a == b { return a }
    if a.category != b.category { return a.category > b.category ? a : b }
    switch (a, b) {
    case (.u8, .i8), (.i8, .u8): return .i16
    case (.f16, .bf16), (.bf16, .f16): return .f32
    default: return a.byteCount >= b.byteCount ? a : b
    }
  }
}

extension DType: CustomStringConvertible {
  public var description: String { rawValue }
}
