/// GPT-2's way to write any bytes as visible characters: printable ones of Latin-1 stand for themselves,
/// the others for the characters from U+0100 on, in order.
enum ByteSpelling {
  /// The character for each byte.
  static let characters: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (UInt32(0)...255).map { byte in
      let isVisible = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
      defer { if !isVisible { next += 1 } }
      return Unicode.Scalar(isVisible ? byte : next) ?? "?"
    }
  }()

  /// The bytes in the order in which GPT-2 numbers them: visible ones first.
  static let order: [UInt8] = {
    let bytes = UInt8.min...UInt8.max
    return bytes.filter { characters[Int($0)].value < 0x100 } + bytes.filter { characters[Int($0)].value >= 0x100 }
  }()

  private static let bytes = Dictionary(uniqueKeysWithValues: zip(characters, UInt8.min...UInt8.max))

  static func text(_ bytes: some Sequence<UInt8>) -> String {
    var scalars = String.UnicodeScalarView()
    for byte in bytes { scalars.append(characters[Int(byte)]) }
    return String(scalars)
  }

  /// The bytes of a spelling, nil where a character is none of it.
  static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    var result: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard let byte = bytes[scalar] else { return nil }
      result.append(byte)
    }
    return result
  }
}
