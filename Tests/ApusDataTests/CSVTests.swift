import ApusFormats
import Testing

@testable import ApusData

/// Tables from comma-separated values: RFC 4180, types, missing values, and what is refused.
@Suite struct CSVTests {
  private func table(_ text: String, _ change: (inout CSVOptions) -> Void = { _ in }) throws -> Table {
    try CSVFile(text: text, name: "t.csv", CSVOptions(change)).table()
  }

  private func texts(_ table: Table, _ name: String) throws -> [String?] {
    try table.column(name).texts("t.csv")
  }

  @Test func quotesHoldDelimitersLineBreaksAndQuotes() throws {
    let text = "a,b\r\n\"x,y\",1\r\n\"two\nlines\",2\n\"say \"\"hi\"\"\",3\n\"\"\"\",4\nplain \"q\",5"
    let table = try table(text) { $0.types["a"] = .text }
    #expect(try texts(table, "a") == ["x,y", "two\nlines", "say \"hi\"", "\"", "plain \"q\""])
    guard case .int(let numbers) = try table.column("b").values else { throw FormatError(.missing, "b", "") }
    #expect(numbers == [1, 2, 3, 4, 5])
  }

  @Test func typesAreInferredAndDeclared() throws {
    var text = "i,f,b,t,c,e,q\n"
    for row in 0..<40 { text += "\(row),\(row).5,\(row % 2 == 0 ? "True" : "false"),name \(row),\(row % 3 == 0 ? "x" : "y"),,\"\(row)\"\n" }
    let file = try CSVFile(text: text)
    #expect(file.columns.map(\.type) == [.int, .float, .bool, .text, .categorical, .float, .int])
    let table = try file.table()
    #expect(table.rowCount == 40)
    guard case .categorical(let codes, let names) = try table.column("c").values else { return }
    #expect(names == ["x", "y"] && codes.prefix(4) == [0, 1, 1, 0])
    #expect(try table.column("e").missingCount == 40)
    let declared = try CSVFile(text: text, CSVOptions { $0.types = ["i": .float, "c": .text] })
    #expect(declared.columns.map(\.type).prefix(5) == [.float, .float, .bool, .text, .text])
  }

  @Test func missingValuesAreMarked() throws {
    let table = try table("a,b,c,d\n1,,x,true\nNA,2.5,,\n 3 , nan,NA,False\n") {
      $0.types = ["a": .int, "c": .text]
    }
    let a = try table.column("a")
    guard case .int(let values) = a.values else { return }
    #expect(values == [1, 0, 3] && a.isMissing == [false, true, false])
    #expect(try table.column("b").isMissing == [true, false, true])
    #expect(try texts(table, "c") == ["x", nil, nil])
    #expect(try table.tensor(["a"]).array(of: Float.self).map { $0.isNaN } == [false, true, false])
    // A number that stands for a missing value is never read as a number.
    let numeric = try self.table("a\n1\n-999\n3\n") { $0.missing = ["-999"] }
    #expect(try numeric.column("a").isMissing == [false, true, false])
  }

  @Test func delimiterCommentBlankLinesAndNoHeader() throws {
    let table = try table("# made by hand\n\n1\t2\n\n#\n3\t4\n") {
      $0.delimiter = "\t"
      $0.comment = "#"
      $0.hasHeader = false
    }
    #expect(table.columns.map(\.name) == ["0", "1"] && table.rowCount == 2)
    let named = try self.table("1;2", { $0.delimiter = ";"; $0.hasHeader = false; $0.columnNames = ["u", "v"] })
    #expect(named.columns.map(\.name) == ["u", "v"] && named.rowCount == 1)
    #expect(try self.table("\u{FEFF}a,b\n1,2").columns.map(\.name) == ["a", "b"])
    #expect(try self.table("a,b\n").rowCount == 0)
    #expect(try texts(try self.table("a, b\nx, y ", { $0.trimsSpaces = true }), " b") == ["y"])
  }

  @Test(arguments: [
    ("", "it has no rows, and not even a header."),
    ("a,a\n1,2", "two columns are named 'a'; give columnNames"),
    ("a,b\n1,2\n3\n", "line 3, the row has 1 field, but there are 2 columns."),
    ("a,b\n1,2\n\n3,4,5\n", "line 4, the row has more than 2 fields, but there are 2 columns"),
    ("a,b\n1,\"x\n\n", "line 2, column 2 ('b'): the quote that begins here is never closed."),
    ("a,b\n1,\"x\"y\n", "line 2, column 2 ('b'): text follows the closing quote"),
    ("a,b\n1,\"x\ny\"\nz,2", "line 4, column 1 ('a'): 'z' is no int value; the column is declared int."),
  ])
  func mistakesAreSentences(text: String, sentence: String) {
    let error = #expect(throws: FormatError.self) { try table(text) { $0.types = text.contains("z") ? ["a": .int] : [:] } }
    #expect(error?.description.hasPrefix("t.csv: " + sentence) == true, "\(String(describing: error))")
  }

  @Test func aValueThatBreaksTheInferredTypeSaysSo() {
    let text = "a\n" + String(repeating: "1\n", count: 5) + "2.5\n"
    let error = #expect(throws: FormatError.self) { try table(text) { $0.sampleRows = 3 } }
    #expect(error?.reason.contains("line 7, column 1 ('a'): '2.5' is no int value; int was inferred from the first 3 rows") == true)
  }

  /// A field without end must not fill the memory.
  @Test func rowsWithoutEndAreRefused() {
    let open = "a,b\n1,\"" + String(repeating: "x", count: 3_000_000)
    let error = #expect(throws: FormatError.self) { try table(open) { $0.maximumRowBytes = 100_000 } }
    #expect(error?.reason.hasPrefix("line 2: the row that begins here has more than 100000 bytes") == true)
    let long = "a\n" + String(repeating: "x", count: 3_000_000)
    #expect(throws: FormatError.self) { try table(long) { $0.maximumRowBytes = 2_000_000 } }
    #expect((try? table(long).rowCount) == 1)
  }

  /// Rows lie across the borders of what is in memory, at every offset.
  @Test func chunksJoinToTheWhole() async throws {
    var text = "n,t,q,f,m\n"
    var expected: [String] = []
    for row in 0..<60_000 {
      let name = String(repeating: "ab", count: row % 23) + "\(row)"
      expected.append(name)
      text += "\(row),\(name),\"\(name),\"\"\(row)\"\"\",\(row).25,\(row % 7 == 0 ? "" : "1")\r\n"
    }
    let file = try CSVFile(text: text, CSVOptions { $0.chunkRows = 7_000; $0.types["m"] = .int })
    var rows = 0
    for try await chunk in file {
      guard case .int(let numbers) = chunk.columns[0].values, case .text(let names) = chunk.columns[1].values,
        case .text(let quoted) = chunk.columns[2].values, case .float(let floats) = chunk.columns[3].values
      else { throw FormatError(.malformed, "", "") }
      #expect(chunk.rowCount <= 7_000)
      for row in 0..<chunk.rowCount {
        let index = rows + row
        let isRight =
          numbers[row] == Int64(index) && names[row] == expected[index]
          && quoted[row] == "\(expected[index]),\"\(index)\"" && floats[row] == Double(index) + 0.25
          && chunk.columns[4].isMissing(row) == (index % 7 == 0)
        if !isRight { Issue.record("row \(index)") }
      }
      rows += chunk.rowCount
    }
    #expect(rows == 60_000)
    let all = try file.table()
    #expect(all.rowCount == 60_000 && all.columns[4].missingCount == 8572)
    let packed = try CSVFile(ByteSource(bytes: Gzip.compress(Array(text.utf8)), name: "t.csv.gz"))
    #expect(try packed.table().rowCount == 60_000)
  }

  /// The nearest double, whatever the way to it.
  @Test func numbersAreExact() {
    var generator = SystemRandomNumberGenerator()
    var cases = [
      "0", "-0", "+7", "1e22", "1e23", "9007199254740993", "0.1", "2.2250738585072014e-308", "4.9e-324",
      "1.7976931348623157e308", "1e999", "123456789012345678901234567890", "0.000000000000000000001",
      "9223372036854775807", "18446744073709551615", "18446744073709551616e-3", ".5", "5.", "1E+5",
      "0.30000000000000004", "8.41e21", "179769313486231580793e-3", "1e-19", "9999999999999999999e-19",
    ]
    for _ in 0..<20_000 {
      let digits = Int.random(in: 1...20, using: &generator)
      let number = (0..<digits).map { _ in String(Int.random(in: 0...9, using: &generator)) }.joined()
      let point = Int.random(in: 0...digits, using: &generator)
      cases.append(number.prefix(point) + "." + number.dropFirst(point))
      cases.append(number + "e\(Int.random(in: -330...310, using: &generator))")
      cases.append("\(Double.random(in: -1...1, using: &generator))")
    }
    for text in cases {
      let value = (Array(text.utf8) + [0]).withUnsafeBufferPointer { buffer -> Double? in
        guard var cursor = buffer.baseAddress else { return nil }
        let value = NumberParser.float(&cursor)
        return cursor == buffer.baseAddress! + text.utf8.count ? value : nil
      }
      let normal = text.hasPrefix(".") ? "0" + text : text.replacing(".e", with: "e")
      let expected = Double(normal.hasSuffix(".") ? normal + "0" : normal)
      if value?.bitPattern != expected?.bitPattern { Issue.record("\(text): \(String(describing: value))") }
    }
  }

  @Test(arguments: [
    ("9223372036854775807", Int64.max), ("-9223372036854775808", .min), ("9223372036854775808", nil),
    ("-9223372036854775809", nil), ("00000000000000000000012", 12), ("99999999999999999999999", nil), ("", nil),
    ("-", nil), ("+5", 5),
  ] as [(String, Int64?)])
  func wholeNumbersStayInRange(text: String, expected: Int64?) {
    let value = (Array(text.utf8) + [0]).withUnsafeBufferPointer { buffer -> Int64? in
      buffer.baseAddress.flatMap { var cursor = $0; return NumberParser.int(&cursor) }
    }
    #expect(value == expected)
  }
}
