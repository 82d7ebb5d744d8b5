import ApusIR

/// The first-class types the renderer uses.
enum LLVMType: String {
  case i1, i8, i16, i32, i64, float, double

  var bitWidth: Int {
    switch self {
    case .i1: 1
    case .i8: 8
    case .i16: 16
    case .i32, .float: 32
    case .i64, .double: 64
    }
  }

  /// The suffix of an overloaded intrinsic.
  var suffix: String {
    switch self {
    case .float: "f32"
    case .double: "f64"
    default: rawValue
    }
  }

  var isFloating: Bool { self == .float || self == .double }
}

extension DType {
  /// The type of a value in a register. The 16-bit floating dtypes are held as `float`, rounded.
  var valueType: LLVMType {
    switch self {
    case .bool: .i1
    case .u8, .i8: .i8
    case .i16: .i16
    case .i32: .i32
    case .i64: .i64
    case .f16, .bf16, .f32: .float
    case .f64: .double
    }
  }

  /// The type of an element in memory. The 16-bit floating dtypes are moved as integers, since
  /// LLVM lowers its own `bfloat` to calls of a run-time library on most hosts.
  var memoryType: LLVMType {
    switch self {
    case .bool, .u8, .i8: .i8
    case .i16, .f16, .bf16: .i16
    case .i32: .i32
    case .i64: .i64
    case .f32: .float
    case .f64: .double
    }
  }

  /// The type of an element of an accumulator, which keeps values as they are.
  var accumulatorType: LLVMType { self == .bool ? .i8 : valueType }

  var isUnsigned: Bool { self == .u8 || self == .bool }
}

/// Constants as LLVM's parser wants them.
enum LLVMConstant {
  static func integer(_ value: Int64, _ type: LLVMType) -> String {
    switch type {
    case .i1: value != 0 ? "true" : "false"
    case .i8: "\(Int8(truncatingIfNeeded: value))"
    case .i16: "\(Int16(truncatingIfNeeded: value))"
    case .i32: "\(Int32(truncatingIfNeeded: value))"
    default: "\(value)"
    }
  }

  /// The bits of a double, which for a `float` must be one that it holds exactly.
  static func floating(_ value: Double, _ type: LLVMType) -> String {
    let rounded = type == .float ? Double(Float(value)) : value
    let digits = String(rounded.bitPattern, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  static func scalar(_ scalar: Scalar, _ dtype: DType) -> String {
    switch dtype {
    case .bool: scalar.bool ? "true" : "false"
    case .u8, .i8, .i16, .i32, .i64:
      integer(scalar.converted(to: dtype).int64, dtype.valueType)
    case .f16: floating(Double(Float16(Float(scalar.double))), .float)
    case .bf16: floating(Double(BFloat16(scalar.double).float), .float)
    case .f32: floating(scalar.double, .float)
    case .f64: floating(scalar.double, .double)
    }
  }
}
