import ApusFormats
import Foundation
import Testing

@testable import ApusData

/// Nasty texts, and what pandas reads from them (`scripts/golden/tables.py`).
@Suite struct CSVPandasTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Column: Decodable, Sendable {
      var name: String
      /// `number`, `bool` or `text`.
      var kind: String
      var values: [String?]
    }

    struct Options: Decodable, Sendable {
      var sep: String?
      var comment: String?
      var quotechar: String?
    }

    var name: String
    var text: String
    var options: Options
    var hasHeader: Bool
    var columns: [Column]
    var testDescription: String { name }

    static func all() throws -> [Case] {
      try JSONDecoder().decode([Case].self, from: Data(contentsOf: URL(fileURLWithPath: resource("pandas.json"))))
    }
  }

  private func options(_ sample: Case) -> CSVOptions {
    CSVOptions { options in
      options.hasHeader = sample.hasHeader
      if let scalar = sample.options.sep?.unicodeScalars.first { options.delimiter = scalar }
      if let scalar = sample.options.quotechar?.unicodeScalars.first { options.quote = scalar }
      options.comment = sample.options.comment?.unicodeScalars.first
    }
  }

  @Test(arguments: try Case.all())
  func tablesAreThoseOfPandas(sample: Case) throws {
    let table = try CSVFile(text: sample.text, options(sample)).table()
    #expect(table.columns.map(\.name) == sample.columns.map(\.name))
    for (column, expected) in zip(table.columns, sample.columns) {
      #expect(column.isMissing.isEmpty || column.isMissing == expected.values.map { $0 == nil })
      #expect(column.count == expected.values.count)
      let place = Comment(rawValue: "\(column.name): \(column.type)")
      switch column.values {
      case .bool(let values): #expect(values.map { $0 ? "True" : "False" } == expected.values, place)
      case .int, .float:
        let numbers = try column.numbers("t").map(\.bitPattern)
        let others = expected.values.map { ($0.flatMap { Double($0) } ?? .nan).bitPattern }
        #expect(expected.kind == "number" && numbers == others, place)
      case .text, .categorical: #expect(try column.texts("t") == expected.values, place)
      }
    }
  }
}
