import Apus
import ApusFormats
import Testing

@testable import ApusData

/// Queries of SQLite databases: types, parameters, chunks, and what is refused.
@Suite struct SQLiteTests {
  /// Runs `body` with a database made by these statements.
  private func withDatabase(_ statements: [String], _ body: (String) async throws -> Void) async throws {
    try await withTemporaryFolder { folder in
      let path = folder + "/shop.db"
      try SQLiteTests.make(path, statements)
      try await body(path)
    }
  }

  /// `SQLiteQuery` only reads, so the database is made through the library's own functions.
  private static func make(_ path: String, _ statements: [String]) throws {
    let library = try SQLiteLibrary.shared.get()
    let readWriteCreate: Int32 = 6
    var database: OpaquePointer?
    #expect(library.open(path, &database, readWriteCreate, nil) == SQLiteLibrary.Code.ok)
    defer { _ = library.close(database) }
    for sql in statements {
      var statement: OpaquePointer?
      #expect(library.prepare(database, sql, -1, &statement, nil) == SQLiteLibrary.Code.ok, "\(sql)")
      #expect(library.step(statement) == SQLiteLibrary.Code.done)
      _ = library.finalize(statement)
    }
  }

  private let orders = [
    "CREATE TABLE orders (id INTEGER, price REAL, city TEXT, paid INTEGER, photo BLOB)",
    """
    INSERT INTO orders VALUES (1, 2.5, 'Zürich', 1, x'00'), (2, NULL, 'Rome', 0, NULL), (3, 4, NULL, 1, NULL),
      (9007199254740993, -1e300, 'O''Hara; DROP', NULL, NULL)
    """,
  ]

  @Test func columnsAreTyped() async throws {
    try await withDatabase(orders) { path in
      let query = try SQLiteQuery(
        path: path, sql: "SELECT id, price, city, paid FROM orders ORDER BY id", types: ["paid": .bool])
      #expect(query.columns.map(\.type) == [.int, .float, .text, .bool])
      let table = try query.table()
      guard case .int(let ids) = table.columns[0].values, case .float(let prices) = table.columns[1].values,
        case .bool(let paid) = table.columns[3].values
      else { return #expect(Bool(false), "other types") }
      #expect(ids == [1, 2, 3, 9_007_199_254_740_993])
      #expect(prices[0] == 2.5 && prices[1].isNaN && prices[2...] == [4, -1e300])
      #expect(try table.column("city").texts(path) == ["Zürich", "Rome", nil, "O'Hara; DROP"])
      #expect(paid == [true, false, true, false] && table.columns[3].isMissing == [false, false, false, true])
      #expect(table.columns[0].isMissing.isEmpty)
      let categories = try SQLiteQuery(path: path, sql: "SELECT city FROM orders", types: ["city": .categorical])
      guard case .categorical(let codes, let names) = try categories.table().columns[0].values else { return }
      #expect(codes == [0, 1, -1, 2] && names.count == 3)
    }
  }

  /// A text that looks like SQL stays a text.
  @Test func valuesAreBound() async throws {
    try await withDatabase(orders) { path in
      func ids(_ condition: String, _ bindings: [SQLiteQuery.Binding]) throws -> [Double] {
        let query = try SQLiteQuery(
          path: path, sql: "SELECT id FROM orders WHERE \(condition) ORDER BY id", bindings: bindings)
        return try query.table().columns[0].numbers(path)
      }
      let found = [
        try ids("city = ?", [.text("Zürich")]), try ids("city = ?", [.text("x' OR 1=1 --")]),
        try ids("id = ?2 AND price < ?1", [.float(5), .int(3)]), try ids("city IS ?", [.null]),
      ]
      #expect(found == [[1], [], [3], [3]])
    }
  }

  @Test func mistakesAreSentences() async throws {
    try await withDatabase(orders) { path in
      func mistake(
        _ sql: String, _ bindings: [SQLiteQuery.Binding] = [], types: [String: ColumnType] = [:]
      ) -> String {
        sentence { try SQLiteQuery(path: path, sql: sql, bindings: bindings, types: types).table() }
          .replacing(path + ": ", with: "")
      }
      #expect(mistake("SELECT colour FROM orders").hasSuffix("is not understood: no such column: colour."))
      #expect(mistake("DELETE FROM orders").contains("changes the database; only queries are run"))
      #expect(mistake("DELETE FROM orders RETURNING id").contains("changes the database; only queries are run"))
      #expect(mistake("SELECT 1; DROP TABLE orders").contains("is not one query"))
      #expect(mistake("").contains("is not one query"))
      #expect(mistake("SELECT ?", []) == "the query has 1 parameters, but 0 bindings are given.")
      #expect(mistake("SELECT id, id FROM orders") == "two columns of the query are named 'id'; name one with AS.")
      #expect(mistake("SELECT id FROM orders", types: ["x": .int]) == "a type is declared for 'x', but the columns of the query are id.")
      #expect(
        mistake("SELECT price FROM orders", types: ["price": .int])
          == "row 1 of the query, column 'price': a value of kind float is no int value; it is declared int. "
          + "Declare another type, or CAST it in the query.")
      #expect(mistake("SELECT photo FROM orders").contains("a value of kind blob is no text value"))
      #expect(mistake("SELECT id FROM orders", types: ["id": .bool]).contains("row 2 of the query"))
      #expect(sentence { try SQLiteQuery(path: "/nowhere.db", sql: "SELECT 1") } == "/nowhere.db: there is no such file or folder.")
      let noDatabase = path + ".txt"
      try AtomicFile.write(String(repeating: "hello ", count: 1000), to: noDatabase)
      #expect(sentence { try SQLiteQuery(path: noDatabase, sql: "SELECT * FROM t") }.contains("file is not a database"))
      var bytes = try ByteSource(path: path).readAll()
      for index in 4200..<bytes.count { bytes[index] = 0xA5 }
      try AtomicFile.write(bytes, to: noDatabase)
      #expect(sentence { try SQLiteQuery(path: noDatabase, sql: "SELECT * FROM orders").table() }.contains("malformed"))
    }
  }

  /// A chunk holds so many rows and no more, and a loader takes the rows batch by batch.
  @Test func rowsAreStreamedIntoBatches() async throws {
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) SELECT i FROM n"
    try await withDatabase(["CREATE TABLE n AS \(numbers)"]) { path in
      let query = try SQLiteQuery(path: path, sql: "SELECT i, i % 3 AS y FROM n ORDER BY i", chunkRows: 64)
      var sizes: [Int] = []
      for try await chunk in query { sizes.append(chunk.rowCount) }
      #expect(sizes == [Int](repeating: 64, count: 15) + [40])
      let loader = try StreamLoader(query.rows, batchSize: 100, shuffleBuffer: 50) { rows in
        let table = Table(rows)
        return Batch(x: try table.tensor(["i"]), y: try table.tensor(["y"]))
      }
      var seen: [Int] = []
      for try await batch in loader.epoch(0) { seen += batch.x.array(of: Int.self) }
      #expect(loader.batchCount == 10 && seen != Array(0..<1000) && seen.sorted() == Array(0..<1000))
    }
  }
}
