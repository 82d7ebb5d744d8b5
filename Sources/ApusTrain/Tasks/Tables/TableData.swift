import Apus
import ApusData
import ApusFormats

/// The rows of a CSV file as a configuration describes them, encoded by what the rows to train on have.
struct TableData: Sendable {
  let encoder: TableEncoder
  let training: EncodedTable
  let heldOut: EncodedTable
  let target: TableTarget

  init(_ configuration: TrainingConfiguration) throws {
    let options = try DataCatalog.catalog.arguments(configuration.source)
    let file = try TableFile(configuration.data, options)
    let table = try file.table()
    let test = try options.optionalText("test").map { try file.table(ofTest: $0) }
    let kind = try file.targetKind(in: table)
    let labels = try file.labels(in: table, kind)
    // Numbers have no classes to be split by.
    let parts = try configuration.split(
      kind == .classes ? labels : Array(repeating: "", count: labels.count), "rows", testCount: test?.rowCount)
    let rows = table.subset(parts.training)
    target = try TableTarget(kind, parts.training.map { labels[$0] })
    if case .classes(let names) = target, names.count < 2 {
      throw options.error("the column '\(file.target)' has one value alone; there is nothing to learn.")
    }
    encoder = try file.encoder(fitting: rows)
    training = try EncodedTable(
      rows, encoder, targets: target.numbers(parts.training.map { labels[$0] }, table.source))
    if let test {
      heldOut = try EncodedTable(
        test, encoder, targets: target.numbers(try file.labels(in: test, kind), test.source))
    } else {
      heldOut = try EncodedTable(
        table.subset(parts.heldOut), encoder,
        targets: target.numbers(parts.heldOut.map { labels[$0] }, table.source))
    }
  }
}
