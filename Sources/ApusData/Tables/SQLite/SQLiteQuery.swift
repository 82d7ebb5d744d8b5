import ApusFormats

/// The rows of a query of an SQLite database, in chunks.
///
/// ```swift
/// let query = try SQLiteQuery(
///   path: "shop.db", sql: "SELECT price, city FROM orders WHERE year >= ?", bindings: [.int(2020)])
/// for try await chunk in query { … }   // a Table of up to 65,536 rows
/// let table = try query.table()        // all of it
/// ```
///
/// The database is opened to be read only. Values come as parameters (`?`, `?1`), never as part of the text. A
/// column is `int`, `float` or `text`: what is declared, else what the first 10,000 rows hold, where whole
/// numbers and others together are `float`; `NULL` is a missing value. Give an `ORDER BY` where the order matters:
/// SQL promises none without.
public struct SQLiteQuery: RecordStream {
  public typealias Element = Table

  /// A value for a parameter.
  public enum Binding: Hashable, Sendable {
    case null
    case int(Int64)
    case float(Double)
    case text(String)
  }

  public let path: String
  public let sql: String
  public let bindings: [Binding]
  /// Names and types of the columns, declared or inferred.
  public let columns: [(name: String, type: ColumnType)]
  private let chunkRows: Int
  private let isInferred: Set<String>

  private static let sampleRows = 10_000

  /// Opens a database, checks the query and infers the types that are not declared.
  ///
  /// - Parameters:
  ///   - types: Types by column: `int`, `float`, `bool` (0 and 1), `text` or `categorical`.
  ///   - chunkRows: Rows of a chunk at most.
  /// - Throws: `FormatError` where SQLite or the database is missing, for a query that is wrong or changes the
  ///   database, and where the parameters or columns do not fit.
  public init(
    path: String, sql: String, bindings: [Binding] = [], types: [String: ColumnType] = [:],
    chunkRows: Int = 1 << 16
  ) throws {
    precondition(chunkRows > 0, "a chunk has at least one row")
    let statement = try SQLiteStatement(path: path, sql: sql, bindings: bindings)
    let names = statement.columnNames
    if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw FormatError(.malformed, path, "two columns of the query are named '\(twice)'; name one with AS.")
    }
    if let strange = types.keys.sorted().first(where: { !names.contains($0) }) {
      throw FormatError(
        .missing, path,
        "a type is declared for '\(strange)', but the columns of the query are \(names.joined(separator: ", ")).")
    }
    columns = zip(names, try SQLiteQuery.infer(statement, names.map { types[$0] })).map { (name: $0, type: $1) }
    isInferred = Set(names).subtracting(types.keys)
    (self.path, self.sql, self.bindings, self.chunkRows) = (path, sql, bindings, chunkRows)
  }

  /// The types where none is declared: the narrowest that holds the first rows.
  private static func infer(_ statement: SQLiteStatement, _ declared: [ColumnType?]) throws -> [ColumnType] {
    var found = [ColumnType?](repeating: nil, count: declared.count)
    var row = 0
    if declared.contains(nil) {
      while row < sampleRows, try statement.next() {
        row += 1
        for column in found.indices where found[column] != .text {
          switch statement.kind(column) {
          case .null: break
          case .int: found[column] = found[column] ?? .int
          case .float: found[column] = .float
          case .text, .blob: found[column] = .text
          }
        }
      }
    }
    return zip(declared, found).map { declared, found in declared ?? found ?? .float }
  }

  public func makeReader() throws -> Reader {
    let statement = try SQLiteStatement(path: path, sql: sql, bindings: bindings)
    guard statement.columnNames == columns.map(\.name) else {
      throw FormatError(.malformed, path, "the columns of the query changed since it was opened.")
    }
    return Reader(statement, columns, isInferred: isInferred, chunkRows: chunkRows)
  }

  /// All rows.
  public func table() throws -> Table {
    let reader = try makeReader()
    return try reader.chunk(limit: .max)
  }

  /// The place in a query that is read chunk by chunk.
  public final class Reader: RecordReader {
    private let statement: SQLiteStatement
    private let columns: [(name: String, type: ColumnType)]
    private let isInferred: Set<String>
    private let chunkRows: Int
    private let categories: [CategoryTable?]
    private var row = 0

    init(
      _ statement: SQLiteStatement, _ columns: [(name: String, type: ColumnType)], isInferred: Set<String>,
      chunkRows: Int
    ) {
      (self.statement, self.columns, self.isInferred) = (statement, columns, isInferred)
      self.chunkRows = chunkRows
      categories = columns.map { column in
        column.type == .categorical ? CategoryTable(column: column.name, file: statement.path) : nil
      }
    }

    /// The next rows, nil after the last.
    public func next() throws -> Table? {
      let chunk = try chunk(limit: chunkRows)
      return chunk.rowCount == 0 ? nil : chunk
    }

    func chunk(limit: Int) throws -> Table {
      var values = columns.map { SQLiteColumnBuffer($0.type) }
      var count = 0
      while count < limit, try statement.next() {
        row += 1
        count += 1
        for column in values.indices {
          guard try values[column].append(statement, column, categories[column]) else { throw refusal(column) }
        }
      }
      let made = zip(columns, values).enumerated().map { index, pair in
        pair.1.column(pair.0.name, categories[index]?.names ?? [])
      }
      return Table(made, rowCount: count, source: statement.path)
    }

    private func refusal(_ column: Int) -> FormatError {
      let (name, type) = columns[column]
      let cause = isInferred.contains(name) ? "\(type) was inferred from the first rows" : "it is declared \(type)"
      return FormatError(
        .malformed, statement.path,
        "row \(row) of the query, column '\(name)': a value of kind \(statement.kind(column)) is no \(type) value; "
          + "\(cause). Declare another type, or CAST it in the query.")
    }
  }
}

/// The values of one column of a chunk.
private struct SQLiteColumnBuffer {
  private var ints: [Int64] = []
  private var floats: [Double] = []
  private var bools: [Bool] = []
  private var texts = TextArray()
  private var codes: [Int32] = []
  private var isMissing: [Bool] = []
  private var hasMissing = false
  private let type: ColumnType

  init(_ type: ColumnType) { self.type = type }

  /// Takes a value of the current row; false where it does not fit the type.
  mutating func append(_ statement: SQLiteStatement, _ column: Int, _ categories: CategoryTable?) throws -> Bool {
    let kind = statement.kind(column)
    isMissing.append(kind == .null)
    hasMissing = hasMissing || kind == .null
    switch (type, kind) {
    case (.int, .null): ints.append(0)
    case (.int, .int): ints.append(statement.int(column))
    case (.float, .null): floats.append(.nan)
    case (.float, .int), (.float, .float): floats.append(statement.float(column))
    case (.bool, .null): bools.append(false)
    case (.bool, .int):
      let value = statement.int(column)
      guard value == 0 || value == 1 else { return false }
      bools.append(value == 1)
    case (.text, .blob), (.categorical, .blob): return false
    case (.text, .null): texts.append(UnsafeBufferPointer(start: nil, count: 0))
    case (.text, _): statement.withText(column) { texts.append($0) }
    case (.categorical, .null): codes.append(-1)
    case (.categorical, _):
      guard let categories else { return false }
      codes.append(try statement.withText(column) { try categories.code($0) })
    default: return false
    }
    return true
  }

  func column(_ name: String, _ names: [String]) -> Column {
    let values: Column.Values =
      switch type {
      case .int: .int(ints)
      case .float: .float(floats)
      case .bool: .bool(bools)
      case .text: .text(texts)
      case .categorical: .categorical(codes: codes, names: names)
      }
    return Column(name, values, isMissing: hasMissing ? isMissing : [])
  }
}
