import ApusIR

/// One tensor of a safetensors file: its name, type and place.
public struct SafetensorsEntry: Hashable, Sendable {
  public let name: String
  /// The element type as the file names it, for instance `F32` or `U16`.
  public let elementType: String
  public let shape: [Int]
  /// First byte of the elements, from the beginning of the file.
  public let offset: Int
  public let byteCount: Int

  /// The element type, or nil for one that Apus has no tensors of.
  public var dtype: DType? { DType(safetensorsName: elementType) }
}

extension DType {
  init?(safetensorsName name: String) {
    guard let dtype = DType.allCases.first(where: { $0.safetensorsName == name }) else { return nil }
    self = dtype
  }

  var safetensorsName: String { rawValue.uppercased() }
}

/// What the format says of its element types.
enum SafetensorsElementType {
  /// Bits of one element of every type of the format, those Apus cannot hold included.
  static let bitCount: [String: Int] = [
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8,
    "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
  ]

  /// The order in which the reference implementation places tensors: the widest first, so that
  /// each is aligned. Keeping it makes our files equal to those that Python writes, byte for byte.
  static let placement: [DType] = [.i64, .f64, .f32, .i32, .bf16, .f16, .i16, .i8, .u8, .bool]
}
