/// 128 bits that tell two pieces of data apart, the same in every process.
///
/// For names and checksums of files of our own; no protection against someone who looks for two
/// equal ones.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  public private(set) var high: UInt64 = 0x2545_f491_4f6c_dd1d
  public private(set) var low: UInt64 = 0x9e37_79b9_7f4a_7c15

  public init() {}

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  public mutating func combine(_ word: UInt64) {
    high = Self.mix(high ^ word, 0xd6e8_feb8_6659_fd93)
    low = Self.mix(low &+ word, 0xca5a_8263_9512_1157) ^ high
  }

  /// The bytes and their number, so that neighbours cannot be mistaken for each other.
  public mutating func combine(_ bytes: UnsafeRawBufferPointer) {
    combine(UInt64(bytes.count))
    let whole = bytes.count & ~7
    for offset in stride(from: 0, to: whole, by: 8) {
      combine(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian)
    }
    var rest: UInt64 = 0
    for byte in bytes[whole...].reversed() { rest = rest << 8 | UInt64(byte) }
    if whole < bytes.count { combine(rest) }
  }

  public mutating func combine(_ text: String) {
    var text = text
    text.withUTF8 { combine(UnsafeRawBufferPointer($0)) }
  }

  /// All 128 bits of a product, folded: each bit of the operand reaches each bit of the result.
  private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low ^ (a >> 29)
  }

  /// 32 hexadecimal digits.
  public var description: String { Self.digits(high) + Self.digits(low) }

  private static func digits(_ word: UInt64) -> String {
    let text = String(word, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }
}
