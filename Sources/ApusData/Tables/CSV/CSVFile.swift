import ApusFormats

/// A file of comma-separated values (RFC 4180), plain or gzip, read in chunks of rows.
///
/// ```swift
/// let file = try CSVFile(path: "adult.csv")
/// for try await chunk in file { … }   // a Table of up to 65,536 rows
/// let table = try file.table()        // all of it
/// ```
///
/// Rows end with LF or CRLF; fields in quotes may hold delimiters, line breaks and doubled quotes. Blank
/// lines are skipped. Memory is that of one chunk and one row, whatever the size of the file.
public struct CSVFile: RecordStream {
  public typealias Element = Table

  public let options: CSVOptions
  /// Names and types of the columns, declared or inferred.
  public let columns: [(name: String, type: ColumnType)]
  private let source: ByteSource

  /// Opens a file, reads its header and infers the types that are not declared.
  ///
  /// Throws `FormatError` for a file that cannot be read, is empty, names a column twice or has rows of
  /// different lengths in the sample, and for types of columns that are not there.
  public init(path: String, _ options: CSVOptions = CSVOptions()) throws {
    try self.init(ByteSource(path: path), options)
  }

  /// Takes a text in memory; `name` stands for the path in errors.
  public init(text: String, name: String = "CSV", _ options: CSVOptions = CSVOptions()) throws {
    try self.init(ByteSource(bytes: Array(text.utf8), name: name), options)
  }

  public init(_ source: ByteSource, _ options: CSVOptions = CSVOptions()) throws {
    try options.check(source.name)
    self.source = source
    self.options = options
    let names = try CSVFile.names(source, options)
    if let unknown = options.types.keys.sorted().first(where: { !names.contains($0) }) {
      throw FormatError(
        .missing, source.name,
        "a type is declared for '\(unknown)', but the columns are \(names.joined(separator: ", ")).")
    }
    var types = options.types
    if names.contains(where: { types[$0] == nil }) {
      var sampling = options
      sampling.chunkRows = options.sampleRows
      let text = names.map { (name: $0, type: ColumnType.text) }
      let sample = try CSVReader(ByteStream(source), sampling, text, typesAreInferred: true).next()
      for column in sample?.columns ?? [] where types[column.name] == nil {
        types[column.name] = CSVFile.inferredType(column)
      }
    }
    columns = names.map { ($0, types[$0] ?? .text) }
  }

  public func makeReader() throws -> CSVReader {
    let isInferred = columns.contains { options.types[$0.name] == nil }
    return CSVReader(try ByteStream(source), options, columns, typesAreInferred: isInferred)
  }

  /// All rows.
  public func table() throws -> Table {
    let reader = try makeReader()
    guard let first = try reader.next() else {
      return try CSVReader(ByteStream(source), options, columns, typesAreInferred: false).emptyTable()
    }
    var parts = first.columns.map(ColumnSum.init)
    var rowCount = first.rowCount
    while let chunk = try reader.next() {
      rowCount += chunk.rowCount
      for (index, column) in chunk.columns.enumerated() { parts[index].append(column) }
    }
    return Table(parts.map(\.column), rowCount: rowCount, source: source.name)
  }

  private static func names(_ source: ByteSource, _ options: CSVOptions) throws -> [String] {
    let reader = CSVReader(try ByteStream(source), options, [], typesAreInferred: false)
    guard let first = try reader.texts() else {
      throw FormatError(.malformed, source.name, "it has no rows, and not even a header.")
    }
    let names: [String]
    if let given = options.columnNames {
      guard given.count == first.count else {
        throw FormatError(
          .malformed, source.name, "\(given.count) columns are named, but the first row has \(first.count) fields.")
      }
      names = given
    } else {
      names = options.hasHeader ? first : first.indices.map(String.init)
    }
    var seen: Set<String> = []
    if let twice = names.first(where: { !seen.insert($0).inserted }) {
      throw FormatError(
        .malformed, source.name,
        "two columns are named '\(twice)'; give columnNames, or hasHeader = false for a file without a header.")
    }
    return names
  }

  /// The narrowest type that all values of a sample have. A text is a category where each occurs ten times
  /// on average; a column of nothing is one of numbers, as in pandas.
  static func inferredType(_ column: Column) -> ColumnType {
    guard case .text(let texts) = column.values else { return column.type }
    var fits: Set<ColumnType> = [.int, .float, .bool]
    var distinct: Set<String> = []
    var count = 0
    for row in texts.indices where !column.isMissing(row) {
      let text = texts[row]
      distinct.insert(text)
      count += 1
      fits = fits.filter { CSVColumnBuffer.canParse(text, as: $0) }
    }
    if count == 0 { return .float }
    if let type = [ColumnType.int, .float, .bool].first(where: fits.contains) { return type }
    return distinct.count * 10 <= count ? .categorical : .text
  }
}

/// The chunks of a column, put together.
private struct ColumnSum {
  let name: String
  var values: Column.Values
  var isMissing: [Bool]
  var count: Int

  init(_ column: Column) {
    name = column.name
    values = column.values
    isMissing = column.isMissing
    count = column.count
  }

  mutating func append(_ column: Column) {
    if !column.isMissing.isEmpty || !isMissing.isEmpty {
      if isMissing.isEmpty { isMissing = [Bool](repeating: false, count: count) }
      isMissing += column.isMissing.isEmpty ? [Bool](repeating: false, count: column.count) : column.isMissing
    }
    count += column.count
    // The old array is let go first, so that appending does not copy it.
    let old = values
    values = .int([])
    switch (old, column.values) {
    case (.int(var all), .int(let more)): all += more; values = .int(all)
    case (.float(var all), .float(let more)): all += more; values = .float(all)
    case (.bool(var all), .bool(let more)): all += more; values = .bool(all)
    case (.text(var all), .text(let more)): all.append(more); values = .text(all)
    case (.categorical(var all, _), .categorical(let more, let names)):
      all += more
      values = .categorical(codes: all, names: names)
    default: preconditionFailure("chunks of one column have one type")
    }
  }

  var column: Column { Column(name, values, isMissing: isMissing) }
}
