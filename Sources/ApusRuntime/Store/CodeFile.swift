/// A file of the store: a header, a title for people, the code.
///
/// | bytes | hold |
/// | --- | --- |
/// | 0..<8 | `apuscode` |
/// | 8..<12 | version of this format |
/// | 12..<16 | length of the title |
/// | 16..<24 | length of the code |
/// | 24..<40 | key |
/// | 40..<56 | checksum of all but these bytes |
/// | 56... | title, code |
struct CodeFile {
  static let suffix = ".code"
  private static let version: UInt32 = 1
  private static let headerBytes = 56
  private static let checksumPlace = 40

  let title: String
  let code: ArraySlice<UInt8>

  /// - Parameter key: what the file must have been saved for; nil to take any.
  /// - Returns: nil where anything is not as it was written.
  init?(_ bytes: [UInt8], key: Fingerprint?) {
    guard bytes.count >= Self.headerBytes else { return nil }
    let header = bytes.withUnsafeBytes { raw in
      (0..<7).map { raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self).littleEndian }
    }
    guard header[0] == Self.magic, UInt32(truncatingIfNeeded: header[1]) == Self.version else {
      return nil
    }
    let titleEnd = Self.headerBytes + Int(header[1] >> 32)
    guard let length = Int(exactly: header[2]), titleEnd <= bytes.count,
      length == bytes.count - titleEnd
    else { return nil }
    if let key, key != Fingerprint(high: header[3], low: header[4]) { return nil }
    guard Self.checksum(bytes) == Fingerprint(high: header[5], low: header[6]) else { return nil }
    title = String(decoding: bytes[Self.headerBytes..<titleEnd], as: UTF8.self)
    code = bytes[titleEnd...]
  }

  static func encode(_ code: [UInt8], title: String, key: Fingerprint) -> [UInt8] {
    let title = Array(title.utf8)
    let lengths = UInt64(version) | UInt64(title.count) << 32
    var bytes = words([magic, lengths, UInt64(code.count), key.high, key.low, 0, 0]) + title + code
    let sum = checksum(bytes)
    bytes.replaceSubrange(checksumPlace..<headerBytes, with: words([sum.high, sum.low]))
    return bytes
  }

  private static let magic = UInt64(littleEndian: 0x6564_6f63_7375_7061)

  private static func checksum(_ bytes: [UInt8]) -> Fingerprint {
    var sum = Fingerprint()
    bytes.withUnsafeBytes { raw in
      sum.combine(UnsafeRawBufferPointer(rebasing: raw[..<checksumPlace]))
      sum.combine(UnsafeRawBufferPointer(rebasing: raw[headerBytes...]))
    }
    return sum
  }

  private static func words(_ values: [UInt64]) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
  }
}
