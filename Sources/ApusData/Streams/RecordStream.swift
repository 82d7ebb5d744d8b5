/// Records that are read one after another from a file too large for memory: rows, lines, entries.
///
/// Every reader starts at the beginning. Three ways to read:
/// ```swift
/// for try await line in stream { … }
/// var reader = try stream.makeReader(); while let line = try reader.next() { … }
/// let lines = try stream.collected()
/// ```
public protocol RecordStream<Element>: AsyncSequence, Sendable
where Element: Sendable, AsyncIterator == RecordIterator<Reader> {
  associatedtype Reader: RecordReader where Reader.Record == Element

  /// Opens the file at its beginning. Throws `FormatError` when that is not possible.
  func makeReader() throws -> Reader
}

/// The place in a file that is read record by record.
public protocol RecordReader<Record> {
  associatedtype Record: Sendable

  /// The next record, nil after the last. Throws `FormatError` for one that breaks the format's rules;
  /// then there is nothing more to read.
  mutating func next() throws -> Record?
}

extension RecordStream {
  public func makeAsyncIterator() -> RecordIterator<Reader> {
    RecordIterator(open: makeReader)
  }

  /// All records, or the first `limit` of them, in memory.
  public func collected(limit: Int = .max) throws -> ArrayDataset<Element> {
    var reader = try makeReader()
    var records: [Element] = []
    while records.count < limit, let record = try reader.next() { records.append(record) }
    return ArrayDataset(records)
  }
}

/// Reads the records of a stream in a `for try await` loop; the file is opened at the first.
public struct RecordIterator<Reader: RecordReader>: AsyncIteratorProtocol {
  private let open: () throws -> Reader
  private var reader: Reader?

  init(open: @escaping () throws -> Reader) { self.open = open }

  public mutating func next() async throws -> Reader.Record? {
    if reader == nil { reader = try open() }
    return try reader?.next()
  }
}
