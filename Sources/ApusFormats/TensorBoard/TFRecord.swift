/// TensorFlow's framing of records: length, its checksum, the bytes, their checksum.
///
/// https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
public enum TFRecord {
  public static func framed(_ record: [UInt8]) -> [UInt8] {
    let length = UInt64(record.count).littleEndianBytes
    return length + masked(length).littleEndianBytes + record + masked(record).littleEndianBytes
  }

  /// A checksum that is not that of data which contains checksums.
  private static func masked(_ bytes: [UInt8]) -> UInt32 {
    let sum = crc32c(bytes)
    return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
  }

  /// The Castagnoli checksum (RFC 3720, appendix B.4).
  static func crc32c(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { sum, byte in
      sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)]
    }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value >> 1 ^ (value & 1 == 0 ? 0 : 0x82F6_3B78) }
  }
}
