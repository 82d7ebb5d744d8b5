import ApusFormats

/// The place in a ``CSVFile`` that is read chunk by chunk.
public final class CSVReader: RecordReader {
  private let options: CSVOptions
  private let names: [String]
  private let isInferred: Bool
  private let input: CSVInput
  private let scanner: CSVScanner
  private let columns: UnsafeMutableBufferPointer<CSVColumnBuffer>
  private var categories: [CategoryTable?]
  private var hasSkippedHeader = false

  /// Rows of a chunk at most: with many columns fewer, so that a chunk has 4 million values.
  private let capacity: Int
  /// A chunk ends when its texts have this many bytes.
  private static let maximumTextBytes = 1 << 26

  init(
    _ stream: ByteStream, _ options: CSVOptions, _ columns: [(name: String, type: ColumnType)],
    typesAreInferred: Bool
  ) {
    self.options = options
    names = columns.map(\.name)
    isInferred = typesAreInferred
    input = CSVInput(stream, maximum: options.maximumRowBytes)
    scanner = CSVScanner(options)
    capacity = max(1, min(options.chunkRows, (1 << 22) / max(columns.count, 1)))
    self.columns = .allocate(capacity: columns.count)
    for (index, column) in columns.enumerated() {
      self.columns.initializeElement(at: index, to: CSVColumnBuffer(column.type, capacity: capacity))
    }
    categories = columns.map { column in
      column.type == .categorical ? CategoryTable(column: column.name, file: stream.name) : nil
    }
  }

  deinit {
    for column in columns { column.deallocate() }
    columns.deallocate()
  }

  /// The next rows, nil after the last.
  public func next() throws -> Table? {
    if options.hasHeader, !hasSkippedHeader { _ = try texts() }
    hasSkippedHeader = true
    var row = 0
    while row < capacity, try readRow(row) {
      row += 1
      if input.consumedBytes > CSVReader.maximumTextBytes { break }
    }
    input.consumedBytes = 0
    return row == 0 ? nil : try take(row)
  }

  func emptyTable() throws -> Table { try take(0) }

  private func take(_ count: Int) throws -> Table {
    var result: [Column] = []
    for index in columns.indices {
      result.append(try columns[index].take(names[index], count, categories[index]))
    }
    return Table(result, rowCount: count, source: input.name)
  }

  /// The fields of the next row as texts, nil after the last.
  func texts() throws -> [String]? {
    while try skipsToRow() {
      var fields: [String] = []
      var cursor = input.cursor
      var isRow = true
      while isRow {
        let field = try scanner.field(cursor, input, index: fields.count, name: nil)
        guard let field else { break }
        fields.append(scanner.string(field))
        cursor = field.end
        isRow = scanner.isDelimiter(cursor)
        if isRow { cursor += 1 }
      }
      if !isRow, try input.finishRow(at: cursor) { return fields }
      try input.readMore(needsMore: true)
    }
    return nil
  }

  /// Goes to the start of the next row that is neither blank nor a comment; false at the end.
  private func skipsToRow() throws -> Bool {
    while true {
      if input.cursor == input.end {
        guard !input.isAtEnd else { return false }
        try input.readMore(needsMore: false)
        continue
      }
      let byte = input.cursor.pointee
      guard byte == scanner.comment || byte == 0x0A || byte == 0x0D else { return true }
      let lineEnd = scanner.lineEnd(input.cursor)
      if byte == 0x0D, lineEnd != input.cursor { return true }
      if try !input.finishRow(at: lineEnd) { try input.readMore(needsMore: true) }
    }
  }

  private func readRow(_ row: Int) throws -> Bool {
    while try skipsToRow() {
      if let end = try fields(row), try input.finishRow(at: end) { return true }
      input.embeddedLines = 0
      for column in columns { column.marks[row] = false }
      try input.readMore(needsMore: true)
    }
    return false
  }

  /// Reads the fields of one row and returns where it ends, nil where more bytes are needed.
  private func fields(_ row: Int) throws -> UnsafePointer<UInt8>? {
    var cursor = UnsafePointer(input.cursor)
    let last = columns.count - 1
    let delimiter = scanner.delimiter
    for index in 0...last {
      let column = columns.baseAddress! + index
      var isDone = false
      if !scanner.hasNumericMissing {
        var position = cursor
        switch column.pointee.type {
        case .int:
          if let value = NumberParser.int(&position), scanner.isEnd(position) {
            column.pointee.ints[row] = value
            isDone = true
          }
        case .float:
          if let value = NumberParser.float(&position), scanner.isEnd(position) {
            column.pointee.floats[row] = value
            isDone = true
          }
        default: break
        }
        if isDone { cursor = position }
      }
      if !isDone {
        guard let field = try scanner.field(cursor, input, index: index, name: names[index]) else { return nil }
        try set(column, row, field, index)
        cursor = field.end
      }
      let hasMore = cursor.pointee == delimiter
      if hasMore != (index < last) {
        return try raggedRow(at: cursor, fieldsSoFar: index + 1)
      }
      if hasMore { cursor += 1 }
    }
    return cursor
  }

  private func set(
    _ column: UnsafeMutablePointer<CSVColumnBuffer>, _ row: Int, _ field: CSVScanner.Field, _ index: Int
  ) throws {
    let isText = column.pointee.type == .text || column.pointee.type == .categorical
    var content = field
    if !isText || options.trimsSpaces { content.trim() }
    input.embeddedLines += field.lineBreaks
    if content.isEscaped, isText {
      // The text without doubling is shorter, so there is room.
      column.pointee.reserve(row, content.count)
      let start = column.pointee.textStart(row)
      column.pointee.ends[row] = start + scanner.unescape(content, into: column.pointee.bytes + start)
      return
    } else if scanner.isMissing(content) {
      column.pointee.setMissing(row)
      return
    } else if isText {
      column.pointee.setText(row, content.start, content.count)
      return
    } else if column.pointee.set(row, from: content.start, to: content.start + content.count) {
      return
    }
    // A value that ends where the bytes end may have more digits to come.
    if !input.isComplete(field.end) { column.pointee.setMissing(row); return }
    let type = column.pointee.type
    let cause =
      isInferred && options.types[names[index]] == nil
      ? "\(type) was inferred from the first \(options.sampleRows) rows" : "the column is declared \(type)"
    throw input.error(
      "column \(index + 1) ('\(names[index])'): '\(scanner.excerpt(content))' is no \(type) value; \(cause). "
        + "Declare another type, or add it to the missing values.")
  }

  private func raggedRow(at cursor: UnsafePointer<UInt8>, fieldsSoFar: Int) throws -> UnsafePointer<UInt8>? {
    // The end of the bytes looks like the end of a row.
    guard input.isComplete(cursor) else { return nil }
    guard scanner.isDelimiter(cursor) else {
      throw input.error(
        "the row has \(fieldsSoFar) \(fieldsSoFar == 1 ? "field" : "fields"), but there are "
          + "\(columns.count) columns.")
    }
    throw input.error(
      "the row has more than \(fieldsSoFar) fields, but there are \(columns.count) columns; "
        + "fields with a '\(options.delimiter)' must stand in quotes.")
  }
}
