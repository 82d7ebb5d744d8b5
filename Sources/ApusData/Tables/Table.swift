import ApusFormats

/// Rows of named, typed columns, stored by column, because columns become tensors.
public struct Table: Sendable {
  public let columns: [Column]
  public let rowCount: Int
  /// Where the rows come from; errors start with it.
  public let source: String

  /// All columns have `rowCount` values.
  public init(_ columns: [Column], rowCount: Int, source: String) {
    precondition(columns.allSatisfy { $0.count == rowCount }, "a column has another number of rows")
    self.columns = columns
    self.rowCount = rowCount
    self.source = source
  }

  /// The column of this name. Throws `FormatError` of kind `missing` that lists the names there are.
  public func column(_ name: String) throws -> Column {
    if let column = columns.first(where: { $0.name == name }) { return column }
    let names = columns.map(\.name).joined(separator: ", ")
    throw FormatError(.missing, source, "there is no column '\(name)'; there are \(names).")
  }

  /// The rows at `indices`, in that order.
  public func subset(_ indices: [Int]) -> Table {
    Table(columns.map { $0.subset(indices) }, rowCount: indices.count, source: source)
  }
}

/// One column of a table.
public struct Column: Sendable {
  public enum Values: Sendable {
    case int([Int64])
    case float([Double])
    case bool([Bool])
    case text(TextArray)
    /// A code for each row, an index into `names`; -1 where the value is missing.
    case categorical(codes: [Int32], names: [String])
  }

  public let name: String
  /// Where a value is missing: 0, NaN, false, the empty text, the code -1.
  public let values: Values
  /// Whether each row's value is missing; empty when none is.
  public let isMissing: [Bool]

  public init(_ name: String, _ values: Values, isMissing: [Bool] = []) {
    self.name = name
    self.values = values
    self.isMissing = isMissing
    precondition(isMissing.isEmpty || isMissing.count == count, "the marks do not fit the values")
  }

  public var type: ColumnType {
    switch values {
    case .int: .int
    case .float: .float
    case .bool: .bool
    case .text: .text
    case .categorical: .categorical
    }
  }

  public var count: Int {
    switch values {
    case .int(let values): values.count
    case .float(let values): values.count
    case .bool(let values): values.count
    case .text(let values): values.count
    case .categorical(let codes, _): codes.count
    }
  }

  public func isMissing(_ row: Int) -> Bool { !isMissing.isEmpty && isMissing[row] }

  public var missingCount: Int { isMissing.count { $0 } }

  /// The numbers of a column that has some, true as 1; NaN for what is missing.
  func numbers(_ source: String) throws -> [Double] {
    var numbers: [Double]
    switch values {
    case .int(let values): numbers = values.map(Double.init)
    case .float(let values): return values
    case .bool(let values): numbers = values.map { $0 ? 1 : 0 }
    case .text, .categorical:
      throw FormatError(
        .unsupported, source,
        "the column '\(name)' has \(type) values, not numbers; encode it as a category.")
    }
    for row in isMissing.indices where isMissing[row] { numbers[row] = .nan }
    return numbers
  }

  /// The texts of a column that has some; nil for what is missing.
  func texts(_ source: String) throws -> [String?] {
    switch values {
    case .text(let values): values.indices.map { isMissing($0) ? nil : values[$0] }
    case .categorical(let codes, let names): codes.map { $0 < 0 ? nil : names[Int($0)] }
    case .int(let values): values.indices.map { isMissing($0) ? nil : String(values[$0]) }
    case .bool(let values): values.indices.map { isMissing($0) ? nil : String(values[$0]) }
    case .float:
      throw FormatError(
        .unsupported, source, "the column '\(name)' has float values; declare it as categorical.")
    }
  }

  func subset(_ indices: [Int]) -> Column {
    let marks = isMissing.isEmpty ? [] : indices.map { isMissing[$0] }
    let chosen: Values =
      switch values {
      case .int(let values): .int(indices.map { values[$0] })
      case .float(let values): .float(indices.map { values[$0] })
      case .bool(let values): .bool(indices.map { values[$0] })
      case .text(let values): .text(TextArray(indices.map { values[$0] }))
      case .categorical(let codes, let names):
        .categorical(codes: indices.map { codes[$0] }, names: names)
      }
    return Column(name, chosen, isMissing: marks)
  }
}

/// The type of a column's values.
public enum ColumnType: String, Codable, Sendable, CaseIterable {
  case int, float, bool, text, categorical
}

/// Texts in one block of bytes: no string is made until one is asked for.
public struct TextArray: RandomAccessCollection, Sendable {
  /// All texts in UTF-8, one after another.
  public private(set) var bytes: [UInt8] = []
  /// Where each text ends in `bytes`.
  public private(set) var ends: [Int] = []

  public init() {}

  init(bytes: [UInt8], ends: [Int]) {
    self.bytes = bytes
    self.ends = ends
  }

  public init(_ texts: some Sequence<String>) {
    for text in texts {
      bytes.append(contentsOf: text.utf8)
      ends.append(bytes.count)
    }
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { ends.count }

  /// The bytes of one text.
  public func utf8(_ index: Int) -> ArraySlice<UInt8> {
    bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
  }

  /// One text; bytes that are no UTF-8 become U+FFFD.
  public subscript(index: Int) -> String { String(decoding: utf8(index), as: UTF8.self) }

  mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
    bytes.append(contentsOf: text)
    ends.append(bytes.count)
  }

  mutating func append(_ other: TextArray) {
    let offset = bytes.count
    bytes += other.bytes
    ends += other.ends.map { $0 + offset }
  }
}
