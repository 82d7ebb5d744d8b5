import ApusData
import ApusFormats

/// A CSV file with the roles of its columns.
struct TableFile {
  let target: String
  private let path: String
  private let arguments: Arguments
  private let columns: [(name: String, type: ColumnType)]
  private let numeric: [String]
  private let categorical: [String]

  /// - Throws: ``ConfigurationError`` for columns that there are not, and for texts that no one said are categories.
  init(_ path: String, _ arguments: Arguments) throws {
    self.path = path
    self.arguments = arguments
    target = arguments.text("target")
    columns = try CSVFile(path: path, TableFile.options(arguments)).columns
    let names = columns.map(\.name)
    let named = ["numeric", "categorical", "ignore"].map { ($0, arguments.texts($0) ?? []) }
    for name in [target] + named.flatMap(\.1) where !names.contains(name) {
      throw arguments.error(
        "\(path) has no column '\(name)'.\(nearest(name, names)) Its columns are \(names.joined(separator: ", ")).")
    }
    var roles: [String: String] = [target: "target"]
    for (role, list) in named {
      for name in list {
        if let other = roles.updateValue(role, forKey: name) {
          throw arguments.error("the column '\(name)' is in '\(other)' and in '\(role)'.")
        }
      }
    }
    let free = columns.filter { roles[$0.name] == nil }
    let isNumeric: (ColumnType) -> Bool = { $0 == .int || $0 == .float || $0 == .bool }
    let wanted = arguments.texts("numeric") ?? []
    if let text = columns.first(where: { wanted.contains($0.name) && !isNumeric($0.type) }) {
      throw arguments.error("the column '\(text.name)' of \(path) has texts; list it in 'categorical'.")
    }
    if arguments.texts("categorical") == nil, let text = free.first(where: { $0.type == .text }) {
      throw arguments.error(
        "the column '\(text.name)' of \(path) has many different texts; list it in 'ignore', or list all categories "
          + "in 'categorical'.")
    }
    numeric = arguments.texts("numeric") ?? free.filter { isNumeric($0.type) }.map(\.name)
    categorical = arguments.texts("categorical") ?? free.filter { $0.type == .categorical }.map(\.name)
    guard !(numeric + categorical).isEmpty else {
      throw arguments.error("\(path) has no column but '\(target)' to predict from.")
    }
  }

  private static func options(_ arguments: Arguments) -> CSVOptions {
    CSVOptions {
      let delimiter = arguments.text("delimiter")
      $0.delimiter = delimiter == "tab" ? "\t" : delimiter.unicodeScalars.first ?? ","
      $0.missing.formUnion(arguments.texts("missing") ?? [])
      $0.trimsSpaces = true
      $0.columnNames = arguments.texts("columns")
      $0.hasHeader = arguments.flag("header") && $0.columnNames == nil
    }
  }

  func table() throws -> Table { try read(path) }

  /// A file with the same columns.
  func table(ofTest path: String) throws -> Table { try read(path) }

  private func read(_ path: String) throws -> Table {
    var options = TableFile.options(arguments)
    for column in columns { options.types[column.name] = column.type }
    for name in categorical { options.types[name] = .categorical }
    return try CSVFile(path: path, options).table()
  }

  func encoder(fitting table: Table) throws -> TableEncoder {
    try TableEncoder(
      fitting: table, numeric: numeric, categorical: categorical, minFrequency: arguments.integer("minFrequency"),
      marksMissing: true)
  }

  // MARK: - The target

  func targetKind(in table: Table) throws -> TableTarget.Kind {
    let values = try table.column(target).values
    switch (arguments.optionalText("task"), values) {
    case ("regression", .int), ("regression", .float), (nil, .float): return .numbers
    case ("regression", _):
      throw arguments.error(
        "the column '\(target)' of \(path) has no numbers; 'task: classification' predicts classes.")
    case (nil, .int(let numbers)): return Set(numbers).count == 2 ? .classes : .numbers
    case ("classification", .float):
      throw arguments.error(
        "the column '\(target)' of \(path) has fractions, not classes; 'task: regression' predicts them.")
    default: return .classes
    }
  }

  /// The values of the target as texts.
  ///
  /// - Throws: `FormatError` for a row that has none.
  func labels(in table: Table, _ kind: TableTarget.Kind) throws -> [String] {
    let column = try table.column(target)
    let labels: [String?] =
      switch column.values {
      case .int(let values): values.map { String($0) }
      case .float(let values): values.map { $0.isFinite ? String($0) : nil }
      case .bool(let values): values.map { String($0) }
      case .text(let values): values.map { $0 }
      case .categorical(let codes, let names): codes.map { $0 < 0 ? nil : names[Int($0)] }
      }
    return try labels.enumerated().map { row, label in
      guard let label, !column.isMissing(row) else {
        throw FormatError(
          .missing, table.source, "row \(row + 1) has no value in '\(target)', which is predicted; remove the row.")
      }
      return label
    }
  }
}
