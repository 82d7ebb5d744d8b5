import ApusFormats

/// One row of a table, as a record of its own.
public struct TableRow: Sendable {
  public let table: Table
  public let index: Int
}

/// The rows of a stream of tables, such as a ``CSVFile`` or an ``SQLiteQuery``, one by one.
public struct TableRows<Source: RecordStream>: RecordStream where Source.Element == Table {
  public typealias Element = TableRow

  private let source: Source

  init(_ source: Source) { self.source = source }

  public func makeReader() throws -> Reader { Reader(chunks: try source.makeReader()) }

  public struct Reader: RecordReader {
    fileprivate var chunks: Source.Reader
    private var chunk: Table?
    private var index = 0

    fileprivate init(chunks: Source.Reader) { self.chunks = chunks }

    public mutating func next() throws -> TableRow? {
      while true {
        if let chunk, index < chunk.rowCount {
          index += 1
          return TableRow(table: chunk, index: index - 1)
        }
        chunk = try chunks.next()
        index = 0
        if chunk == nil { return nil }
      }
    }
  }
}

extension RecordStream where Element == Table {
  /// The rows, one by one, to be shuffled and cut into batches by a ``StreamLoader``; `Table(_:)` puts them
  /// together again.
  public var rows: TableRows<Self> { TableRows(self) }
}

extension Table {
  /// The rows in this order, which come from tables of one stream.
  public init(_ rows: [TableRow]) {
    guard let first = rows.first?.table else { self.init([], rowCount: 0, source: "no rows"); return }
    let columns = first.columns.indices.map { Table.column($0, of: rows) }
    self.init(columns, rowCount: rows.count, source: first.source)
  }

  private static func column(_ index: Int, of rows: [TableRow]) -> Column {
    var ints: [Int64] = []
    var floats: [Double] = []
    var bools: [Bool] = []
    var texts: [String] = []
    var codes: [Int32] = []
    // Later chunks know the categories of earlier ones and more.
    var known: [String] = []
    for row in rows {
      switch row.table.columns[index].values {
      case .int(let values): ints.append(values[row.index])
      case .float(let values): floats.append(values[row.index])
      case .bool(let values): bools.append(values[row.index])
      case .text(let values): texts.append(values[row.index])
      case .categorical(let values, let names):
        codes.append(values[row.index])
        if names.count > known.count { known = names }
      }
    }
    let sample = rows[0].table.columns[index]
    let values: Column.Values =
      switch sample.type {
      case .int: .int(ints)
      case .float: .float(floats)
      case .bool: .bool(bools)
      case .text: .text(TextArray(texts))
      case .categorical: .categorical(codes: codes, names: known)
      }
    let marks = rows.map { $0.table.columns[index].isMissing($0.index) }
    return Column(sample.name, values, isMissing: marks.contains(true) ? marks : [])
  }
}
