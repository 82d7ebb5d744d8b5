import ApusFormats

/// The lines of a text file, plain or gzip, without the LF or CRLF that ends them.
public struct TextLines: RecordStream {
  public typealias Element = String

  /// What becomes of a line that is not UTF-8.
  public enum InvalidUTF8: Sendable {
    /// An error that names the line and the byte.
    case refuse
    /// U+FFFD stands for what is not UTF-8.
    case replace
    /// The whole line is ISO-8859-1, as old files are that were half converted.
    case latin1
  }

  private let source: ByteSource
  private let invalid: InvalidUTF8
  private let maximumLineBytes: Int

  /// Throws `FormatError` for a file that cannot be read; a line that is too long, or not UTF-8 where that
  /// is refused, throws when it is reached.
  public init(path: String, invalid: InvalidUTF8 = .refuse, maximumLineBytes: Int = 1 << 24) throws {
    self.init(try ByteSource(path: path), invalid: invalid, maximumLineBytes: maximumLineBytes)
  }

  public init(_ source: ByteSource, invalid: InvalidUTF8 = .refuse, maximumLineBytes: Int = 1 << 24) {
    self.source = source
    self.invalid = invalid
    self.maximumLineBytes = maximumLineBytes
  }

  public func makeReader() throws -> Reader {
    Reader(
      lines: LineReader(try ByteStream(source), maximumLineBytes: maximumLineBytes), invalid: invalid)
  }

  public struct Reader: RecordReader {
    let lines: LineReader
    let invalid: InvalidUTF8

    public mutating func next() throws -> String? {
      guard let bytes = try lines.next() else { return nil }
      if let text = String(validating: bytes, as: UTF8.self) { return text }
      switch invalid {
      case .replace: return String(decoding: bytes, as: UTF8.self)
      case .latin1: return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
      case .refuse: throw refusal(bytes)
      }
    }

    private func refusal(_ bytes: ArraySlice<UInt8>) -> FormatError {
      let place = firstInvalidByte(bytes)
      let byte = String(bytes[bytes.startIndex + place], radix: 16)
      return FormatError(
        .malformed, lines.name,
        "line \(lines.line) is not UTF-8 (byte \(place + 1) is 0x\(byte)); convert the file, or read it "
          + "with 'invalid: .latin1' or '.replace'.")
    }

    private func firstInvalidByte(_ bytes: ArraySlice<UInt8>) -> Int {
      var decoder = UTF8()
      var iterator = bytes.makeIterator()
      var place = 0
      while case .scalarValue(let scalar) = decoder.decode(&iterator) { place += UTF8.width(scalar) }
      return Swift.min(place, bytes.count - 1)
    }
  }
}
