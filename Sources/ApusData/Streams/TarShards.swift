import ApusFormats

/// Samples in tar archives, plain or gzip: neighbouring files of one name make a sample, one file for each
/// ending, as WebDataset has it.
///
/// `0001.jpg` and `0001.cls` become one sample with the parts `jpg` and `cls`.
public struct TarShards: RecordStream {
  /// The files of one name.
  public struct Element: Sendable {
    /// The path up to the first point of its last part.
    public var key: String
    /// The bytes by ending, without the point before it.
    public var parts: [String: [UInt8]]
  }

  private let sources: [ByteSource]
  private let maximumEntryBytes: Int

  /// Opens the archives. Throws `FormatError` when one cannot be read.
  /// - Parameter maximumEntryBytes: A larger file in an archive is refused.
  public init(paths: [String], maximumEntryBytes: Int = 1 << 30) throws {
    self.init(try paths.map { try ByteSource(path: $0) }, maximumEntryBytes: maximumEntryBytes)
  }

  public init(_ sources: [ByteSource], maximumEntryBytes: Int = 1 << 30) {
    self.sources = sources
    self.maximumEntryBytes = maximumEntryBytes
  }

  public func makeReader() throws -> Reader {
    Reader(sources: sources[...], maximumEntryBytes: maximumEntryBytes)
  }

  public struct Reader: RecordReader {
    fileprivate var sources: ArraySlice<ByteSource>
    fileprivate let maximumEntryBytes: Int
    private var archive: TarReader?
    private var waiting: Element?

    fileprivate init(sources: ArraySlice<ByteSource>, maximumEntryBytes: Int) {
      self.sources = sources
      self.maximumEntryBytes = maximumEntryBytes
    }

    public mutating func next() throws -> Element? {
      while true {
        if archive == nil {
          guard let source = sources.popFirst() else { return nil }
          archive = TarReader(try ByteStream(source), maximumEntryBytes: maximumEntryBytes)
        }
        guard let entry = try archive?.next() else {
          archive = nil
          if let sample = waiting {
            waiting = nil
            return sample
          }
          continue
        }
        let (key, ending) = Reader.split(entry.name)
        if waiting?.key == key, waiting?.parts[ending] == nil {
          waiting?.parts[ending] = entry.bytes
          continue
        }
        let finished = waiting
        waiting = Element(key: key, parts: [ending: entry.bytes])
        if let finished { return finished }
      }
    }

    private static func split(_ name: String) -> (key: String, ending: String) {
      let last = name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex
      guard let point = name[last...].dropFirst().firstIndex(of: ".") else { return (name, "") }
      return (String(name[..<point]), String(name[name.index(after: point)...]))
    }
  }
}
