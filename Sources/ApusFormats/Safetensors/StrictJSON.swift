/// A JSON value in which every key and its order is kept.
///
/// Foundation's decoder takes the last of several equal keys and reads integers through doubles; a
/// file's header must not have two meanings, so headers from outside are read with this instead.
enum StrictJSON {
  case object([(key: String, value: StrictJSON)])
  case array([StrictJSON])
  case string(String)
  case integer(Int)
  /// A number that is no `Int`, a boolean or null, of which no header makes use.
  case other(String)

  /// Why a text is not JSON.
  struct Failure: Error {
    let reason: String
    let offset: Int
  }

  /// Reads a whole text; white space may follow the value.
  static func parse(_ bytes: [UInt8]) throws(Failure) -> StrictJSON {
    var parser = Parser(bytes: bytes)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.isAtEnd else { throw parser.failure("text after the end of the value") }
    return value
  }
}

private struct Parser {
  let bytes: [UInt8]
  var position = 0

  /// Deep enough for every real header; a hostile one must not exhaust the stack.
  static let maximumDepth = 32

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position >= bytes.count }
  var next: UInt8? { isAtEnd ? nil : bytes[position] }

  func failure(_ reason: String) -> StrictJSON.Failure {
    StrictJSON.Failure(reason: reason, offset: position)
  }

  mutating func skipSpace() {
    while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func value(depth: Int) throws(StrictJSON.Failure) -> StrictJSON {
    guard depth < Parser.maximumDepth else { throw failure("too many levels of nesting") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case nil: throw failure("it ends too early")
    default: return try scalar()
    }
  }

  mutating func object(depth: Int) throws(StrictJSON.Failure) -> StrictJSON {
    position += 1
    var members: [(key: String, value: StrictJSON)] = []
    var keys: Set<String> = []
    if take("}") { return .object(members) }
    repeat {
      skipSpace()
      let key = try string()
      guard keys.insert(key).inserted else { throw failure("the key '\(key)' occurs twice") }
      guard take(":") else { throw failure("a ':' is expected") }
      members.append((key, try value(depth: depth + 1)))
    } while take(",")
    guard take("}") else { throw failure("a ',' or '}' is expected") }
    return .object(members)
  }

  mutating func array(depth: Int) throws(StrictJSON.Failure) -> StrictJSON {
    position += 1
    var elements: [StrictJSON] = []
    if take("]") { return .array(elements) }
    repeat { elements.append(try value(depth: depth + 1)) } while take(",")
    guard take("]") else { throw failure("a ',' or ']' is expected") }
    return .array(elements)
  }

  mutating func string() throws(StrictJSON.Failure) -> String {
    guard next == UInt8(ascii: "\"") else { throw failure("a '\"' is expected") }
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw failure("a string is not valid UTF-8")
        }
        return string
      case UInt8(ascii: "\\"):
        text.append(contentsOf: Array(String(try escape()).utf8))
      case ..<0x20:
        throw failure("a control character stands in a string")
      default:
        text.append(byte)
      }
    }
    throw failure("a string has no end")
  }

  mutating func escape() throws(StrictJSON.Failure) -> Unicode.Scalar {
    guard let byte = next else { throw failure("a string has no end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let unit = try hexadecimal()
      if let scalar = Unicode.Scalar(unit) { return scalar }
      // The first half of a surrogate pair; the second must follow.
      guard unit < 0xDC00, bytes[position...].starts(with: Array("\\u".utf8)) else {
        throw failure("half of a surrogate pair")
      }
      position += 2
      let low = try hexadecimal()
      guard (0xDC00...0xDFFF).contains(low) else { throw failure("half of a surrogate pair") }
      return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))!
    default: throw failure("an unknown escape in a string")
    }
  }

  mutating func hexadecimal() throws(StrictJSON.Failure) -> UInt32 {
    let digits = bytes[position...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw failure("four hexadecimal digits are expected") }
    position += 4
    return value
  }

  /// A number or one of the three words.
  mutating func scalar() throws(StrictJSON.Failure) -> StrictJSON {
    let start = position
    let ends: [UInt8] = Array(",]} \t\n\r".utf8)
    while let byte = next, !ends.contains(byte) { position += 1 }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    let digits = word.hasPrefix("-") ? word.dropFirst() : word[...]
    let isInteger = !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
    if isInteger, digits == "0" || !digits.hasPrefix("0") {
      return Int(word).map(StrictJSON.integer) ?? .other(word)
    }
    if ["true", "false", "null"].contains(word) { return .other(word) }
    if !isInteger, digits.utf8.first.map({ (0x30...0x39).contains($0) }) == true, Double(word) != nil {
      return .other(word)
    }
    position = start
    throw failure("'\(word.prefix(20))' is no value")
  }
}
