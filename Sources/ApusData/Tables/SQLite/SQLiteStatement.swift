import ApusFormats

/// A query that is read row by row, with a connection of its own.
final class SQLiteStatement {
  enum Kind: Int32 {
    case int = 1
    case float, text, blob, null
  }

  let path: String
  let columnNames: [String]
  private let library: SQLiteLibrary
  private var database: OpaquePointer?
  private var statement: OpaquePointer?
  private var isAtEnd = false

  /// Milliseconds for which another program's writing is waited for.
  private static let patience: Int32 = 5000

  init(path: String, sql: String, bindings: [SQLiteQuery.Binding]) throws {
    library = try SQLiteLibrary.shared.get()
    self.path = path
    // SQLite's own sentence for a file that is not there does not say so.
    _ = try ByteSource(path: path)
    var database: OpaquePointer?
    var statement: OpaquePointer?
    let library = library
    func failure(_ what: String) -> FormatError {
      let reason = library.message(database).map { String(cString: $0) } ?? "no reason given"
      _ = library.finalize(statement)
      _ = library.close(database)
      return FormatError(.malformed, path, "\(what): \(reason).")
    }
    func refusal(_ sentence: String) -> FormatError {
      _ = library.finalize(statement)
      _ = library.close(database)
      return FormatError(.unsupported, path, sentence)
    }
    guard library.open(path, &database, SQLiteLibrary.Code.openReadOnly, nil) == SQLiteLibrary.Code.ok else {
      throw failure("it could not be opened as an SQLite database")
    }
    _ = library.busyTimeout(database, SQLiteStatement.patience)
    var hasMore = false
    let status = sql.withCString { text in
      var tail: UnsafePointer<CChar>?
      let status = library.prepare(database, text, -1, &statement, &tail)
      hasMore = tail.map { String(cString: $0).contains { !$0.isWhitespace && $0 != ";" } } ?? false
      return status
    }
    guard status == SQLiteLibrary.Code.ok else { throw failure("the query '\(sql)' is not understood") }
    guard statement != nil, !hasMore else { throw refusal("'\(sql)' is not one query.") }
    let count = Int(library.columnCount(statement))
    guard count > 0, library.isReadOnly(statement) != 0 else {
      throw refusal("'\(sql)' gives no rows, or changes the database; only queries are run.")
    }
    let parameters = Int(library.parameterCount(statement))
    guard parameters == bindings.count else {
      throw refusal("the query has \(parameters) parameters, but \(bindings.count) bindings are given.")
    }
    for (index, binding) in bindings.enumerated() {
      let place = Int32(index + 1)
      let status: Int32 =
        switch binding {
        case .null: SQLiteLibrary.Code.ok
        case .int(let value): library.bindInt(statement, place, value)
        case .float(let value): library.bindDouble(statement, place, value)
        case .text(let value):
          library.bindText(statement, place, value, Int32(value.utf8.count), SQLiteLibrary.Code.transient)
        }
      guard status == SQLiteLibrary.Code.ok else { throw failure("parameter \(place) cannot be bound") }
    }
    columnNames = (0..<count).map { column in
      library.columnName(statement, Int32(column)).map { String(cString: $0) } ?? "\(column)"
    }
    (self.database, self.statement) = (database, statement)
  }

  deinit {
    _ = library.finalize(statement)
    _ = library.close(database)
  }

  /// Goes to the next row; false after the last.
  func next() throws -> Bool {
    if isAtEnd { return false }
    switch library.step(statement) {
    case SQLiteLibrary.Code.row: return true
    case SQLiteLibrary.Code.done:
      isAtEnd = true
      return false
    default:
      isAtEnd = true
      let reason = library.message(database).map { String(cString: $0) } ?? "no reason given"
      throw FormatError(.malformed, path, "the query could not be read further: \(reason).")
    }
  }

  // MARK: Values of the current row

  func kind(_ column: Int) -> Kind { Kind(rawValue: library.columnType(statement, Int32(column))) ?? .null }
  func int(_ column: Int) -> Int64 { library.columnInt(statement, Int32(column)) }
  func float(_ column: Int) -> Double { library.columnDouble(statement, Int32(column)) }

  /// The value as UTF-8, valid within `body` only. Numbers become texts, so ask for the kind first.
  func withText<Result>(_ column: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
    let start = library.columnText(statement, Int32(column))
    let count = Int(library.columnByteCount(statement, Int32(column)))
    return try body(UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
  }
}
