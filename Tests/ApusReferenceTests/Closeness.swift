import ApusFormats
import ApusIR

/// Finds where an array differs from what it should be.
enum Closeness {
  /// A sentence on the first element that is off by more than `ulps` units of its last place, or
  /// nil. A NaN equals a NaN; 0.0 equals -0.0.
  static func difference(_ actual: [UInt8], from expected: RawArray, ulps: Int64) -> String? {
    actual.withUnsafeBytes { actual in
      expected.bytes.withUnsafeBytes { wanted in
        for index in 0..<expected.elementCount {
          let a = place(actual, index, expected.dtype)
          let b = place(wanted, index, expected.dtype)
          if a == b { continue }
          if let a, let b, expected.dtype.isFloating, abs(a - b) <= ulps { continue }
          let (x, y) = (text(actual, index, expected.dtype), text(wanted, index, expected.dtype))
          return "element \(index) of \(expected.dtype)\(expected.shape) is \(x), expected \(y)"
        }
        return nil
      }
    }
  }

  /// The element's place in the order of its dtype's values, nil for a NaN.
  private static func place(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ dtype: DType) -> Int64? {
    func ordered(_ bits: Int64, signBit: Int64) -> Int64 {
      bits & signBit == 0 ? bits : -(bits & ~signBit)
    }
    let offset = index * dtype.byteCount
    switch dtype {
    case .bool, .u8: return Int64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt8.self))
    case .i8: return Int64(bytes.loadUnaligned(fromByteOffset: offset, as: Int8.self))
    case .i16: return Int64(bytes.loadUnaligned(fromByteOffset: offset, as: Int16.self))
    case .i32: return Int64(bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
    case .i64: return bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self)
    case .f16:
      let bits = bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
      return Float16(bitPattern: bits).isNaN ? nil : ordered(Int64(bits), signBit: 0x8000)
    case .bf16:
      let bits = bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
      let isNaN = BFloat16(bitPattern: bits).float.isNaN
      return isNaN ? nil : ordered(Int64(bits), signBit: 0x8000)
    case .f32:
      let bits = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      return Float(bitPattern: bits).isNaN ? nil : ordered(Int64(bits), signBit: 0x8000_0000)
    case .f64:
      let bits = bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self)
      let isNaN = Double(bitPattern: UInt64(bitPattern: bits)).isNaN
      return isNaN ? nil : ordered(bits, signBit: .min)
    }
  }

  private static func text(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ dtype: DType) -> String {
    let offset = index * dtype.byteCount
    switch dtype {
    case .f16: return "\(bytes.loadUnaligned(fromByteOffset: offset, as: Float16.self))"
    case .bf16: return "\(bytes.loadUnaligned(fromByteOffset: offset, as: BFloat16.self))"
    case .f32: return "\(bytes.loadUnaligned(fromByteOffset: offset, as: Float.self))"
    case .f64: return "\(bytes.loadUnaligned(fromByteOffset: offset, as: Double.self))"
    default: return "\(place(bytes, index, dtype)!)"
    }
  }
}
