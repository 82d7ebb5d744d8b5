import ApusFormats
import Foundation

/// A file with one JSON value a line, plain or gzip, each decoded as `Element`; blank lines are skipped.
public struct JSONLines<Element: Decodable & Sendable>: RecordStream {
  private let source: ByteSource
  private let maximumLineBytes: Int

  /// Throws `FormatError` for a file that cannot be read.
  public init(
    path: String, of type: Element.Type = Element.self, maximumLineBytes: Int = 1 << 24
  ) throws {
    self.init(try ByteSource(path: path), of: type, maximumLineBytes: maximumLineBytes)
  }

  public init(
    _ source: ByteSource, of type: Element.Type = Element.self, maximumLineBytes: Int = 1 << 24
  ) {
    self.source = source
    self.maximumLineBytes = maximumLineBytes
  }

  public func makeReader() throws -> Reader {
    Reader(lines: LineReader(try ByteStream(source), maximumLineBytes: maximumLineBytes))
  }

  public struct Reader: RecordReader {
    let lines: LineReader
    let decoder = JSONDecoder()

    /// Deep enough for every real record; a hostile one must not exhaust the stack.
    private var maximumDepth: Int { 64 }

    public mutating func next() throws -> Element? {
      while let bytes = try lines.next() {
        guard bytes.contains(where: { $0 > 0x20 }) else { continue }
        guard depth(of: bytes) <= maximumDepth else {
          throw FormatError(
            .malformed, lines.name, "line \(lines.line) has more than \(maximumDepth) levels of nesting.")
        }
        do {
          return try decoder.decode(Element.self, from: Data(bytes))
        } catch {
          throw FormatError(.malformed, lines.name, "line \(lines.line): \(sentence(error)).")
        }
      }
      return nil
    }

    private func depth(of bytes: ArraySlice<UInt8>) -> Int {
      var (depth, deepest) = (0, 0)
      var isText = false
      var isEscaped = false
      for byte in bytes {
        if isEscaped { isEscaped = false; continue }
        switch byte {
        case UInt8(ascii: "\\"): isEscaped = isText
        case UInt8(ascii: "\""): isText.toggle()
        case UInt8(ascii: "{") where !isText, UInt8(ascii: "[") where !isText:
          depth += 1
          deepest = Swift.max(deepest, depth)
        case UInt8(ascii: "}") where !isText, UInt8(ascii: "]") where !isText: depth -= 1
        default: break
        }
      }
      return deepest
    }

    private func sentence(_ error: any Error) -> String {
      func place(_ context: DecodingError.Context) -> String {
        context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
      }
      switch error {
      case DecodingError.keyNotFound(let key, _): return "the key '\(key.stringValue)' is missing"
      case DecodingError.typeMismatch(let type, let context),
        DecodingError.valueNotFound(let type, let context):
        return "'\(place(context))' is no \(type)"
      case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
        return "'\(place(context))': \(context.debugDescription)"
      default: return "it is not JSON"
      }
    }
  }
}
