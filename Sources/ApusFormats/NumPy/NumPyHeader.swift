/// The header of a `.npy` file: a Python dictionary of three keys, written as a literal.
struct NumPyHeader {
  /// Byte order and element type, for instance `<f4`.
  private(set) var description = ""
  private(set) var isColumnMajor = false
  private(set) var shape: [Int] = []

  private let file: String
  private let text: [UInt8]
  private var position = 0

  init(_ text: [UInt8], file: String) throws {
    self.file = file
    self.text = text
    var keys: Set<String> = []
    try expect("{")
    while !take("}") {
      let key = try string()
      guard keys.insert(key).inserted else { throw malformed("the key '\(key)' occurs twice") }
      try expect(":")
      switch key {
      case "descr":
        guard peek() != UInt8(ascii: "[") else {
          throw FormatError(
            .unsupported, file, "it holds records; save each field as an array of its own.")
        }
        description = try string()
      case "fortran_order": isColumnMajor = try boolean()
      case "shape": shape = try tuple()
      default: throw malformed("the unknown key '\(key)'")
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    guard keys.count == 3 else { throw malformed("one of descr, fortran_order, shape is missing") }
    guard peek() == nil else { throw malformed("text after the dictionary") }
  }

  private func malformed(_ reason: String) -> FormatError {
    FormatError(.malformed, file, "its header is damaged: \(reason).")
  }

  /// The next byte that is no white space.
  private mutating func peek() -> UInt8? {
    while position < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) { position += 1 }
    return position < text.count ? text[position] : nil
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws {
    guard take(character) else { throw malformed("'\(character)' is expected at byte \(position)") }
  }

  private mutating func string() throws -> String {
    guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw malformed("a string is expected at byte \(position)")
    }
    let start = position + 1
    guard let end = text[start...].firstIndex(of: quote) else { throw malformed("a string has no end") }
    position = end + 1
    return String(decoding: text[start..<end], as: UTF8.self)
  }

  private mutating func boolean() throws -> Bool {
    for (word, value) in [("True", true), ("False", false)] {
      _ = peek()
      if text[position...].starts(with: Array(word.utf8)) {
        position += word.utf8.count
        return value
      }
    }
    throw malformed("True or False is expected at byte \(position)")
  }

  private mutating func tuple() throws -> [Int] {
    var extents: [Int] = []
    try expect("(")
    while !take(")") {
      guard let first = peek(), (0x30...0x39).contains(first) else {
        throw malformed("the shape has something other than whole numbers")
      }
      let digits = text[position...].prefix { (0x30...0x39).contains($0) }
      guard let extent = Int(String(decoding: digits, as: UTF8.self)) else {
        throw malformed("the shape has an extent beyond any memory")
      }
      extents.append(extent)
      position += digits.count
      if !take(",") {
        try expect(")")
        break
      }
    }
    return extents
  }
}
