import Apus
import ApusData
import ApusFormats
import Foundation

/// The table's two files, encoded by what the rows to train on have.
///
/// A tenth of the training file is held out to decide when to stop; the test file decides nothing.
struct AdultTable {
  let encoder: TableEncoder
  let training: EncodedTable
  let heldOut: EncodedTable
  let test: EncodedTable

  private static let numeric = [
    "age", "fnlwgt", "education-num", "hours-per-week", "log capital-gain", "log capital-loss",
  ]
  private static let texts = [
    "workclass", "education", "marital-status", "occupation", "relationship", "race", "sex", "native-country",
  ]
  /// Numbers that have a meaning of their own each: steps of the tax tables.
  private static let amounts = ["capital-gain", "capital-loss"]
  private static let columns = [
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship",
    "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
  ]

  /// Reads `adult-train.csv` and `adult-test.csv`, which have no header.
  init(folder: String, seed: UInt64) throws {
    let whole = try AdultTable.read("\(folder)/adult-train.csv")
    let split = ArrayDataset(Array(0..<whole.rowCount)).split(0.9, seed: seed)
    let table = whole.subset(split.training.indices)
    let encoder = try TableEncoder(
      fitting: table, numeric: AdultTable.numeric, categorical: AdultTable.texts + AdultTable.amounts,
      minFrequency: 5, marksMissing: true)
    func encoded(_ table: Table) throws -> EncodedTable {
      try EncodedTable(table, encoder, targets: AdultTable.targets(table))
    }
    self.encoder = encoder
    training = try encoded(table)
    heldOut = try encoded(whole.subset(split.heldOut.indices))
    test = try encoded(try AdultTable.read("\(folder)/adult-test.csv"))
  }

  private static func read(_ path: String) throws -> Table {
    let options = CSVOptions {
      $0.hasHeader = false
      $0.columnNames = columns
      $0.missing = ["?"]
      $0.trimsSpaces = true
      for name in columns { $0.types[name] = .int }
      for name in texts + ["income"] { $0.types[name] = .categorical }
    }
    return withLogarithms(try CSVFile(path: path, options).table())
  }

  /// With the logarithm of one and each amount: most are 0, a few very large.
  private static func withLogarithms(_ table: Table) -> Table {
    let more = table.columns.filter { amounts.contains($0.name) }.compactMap { column -> Column? in
      guard case .int(let values) = column.values else { return nil }
      return Column("log \(column.name)", .float(values.map { log(1 + Double(max($0, 0))) }), isMissing: column.isMissing)
    }
    return Table(table.columns + more, rowCount: table.rowCount, source: table.source)
  }

  /// 1 for `>50K`; the test file has a point after each.
  private static func targets(_ table: Table) throws -> [Float] {
    guard case .categorical(let codes, let names) = try table.column("income").values else { return [] }
    let values = try names.map { name -> Float in
      switch name.trimming(while: { $0 == "." }) {
      case ">50K": return 1
      case "<=50K": return 0
      default: throw FormatError(.malformed, table.source, "an income is '\(name)', not <=50K or >50K.")
      }
    }
    if let row = codes.firstIndex(where: { $0 < 0 }) {
      throw FormatError(.missing, table.source, "row \(row + 1) has no income.")
    }
    return codes.map { values[Int($0)] }
  }
}

extension String {
  /// Without such characters at its end.
  fileprivate func trimming(while isDropped: (Character) -> Bool) -> Substring {
    var text = self[...]
    while let last = text.last, isDropped(last) { text.removeLast() }
    return text
  }
}
