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

extension TrainingConfiguration {
  /// Places of the samples to train on and of those held out, each class by its share; all are to train on where there
  /// is a test file.
  ///
  /// - Parameter unit: what samples are called.
  func split(
    _ labels: [String], _ unit: String, testCount: Int?
  ) throws -> (training: [Int], heldOut: [Int]) {
    let share = testCount == nil ? heldOut ?? 0.2 : 0
    let split = try ArrayDataset(labels).stratifiedSplit(1 - share, seed: seed) { $0 }
    let parts = (training: split.training.indices, heldOut: split.heldOut.indices)
    let heldOutCount = testCount ?? parts.heldOut.count
    guard !parts.training.isEmpty, heldOutCount > 0 else {
      throw source.place.error(
        "\(data) has \(labels.count) \(unit), of which \(parts.training.count) would be to train on and "
          + "\(heldOutCount) held out; both need one at least.")
    }
    return parts
  }
}

/// What is predicted of rows.
enum TableTarget: Codable, Hashable, Sendable {
  enum Kind: Sendable { case classes, numbers }

  /// Their names in order.
  case classes([String])
  /// A model predicts them with mean 0 and deviation 1.
  case numbers(mean: Double, deviation: Double)

  init(_ kind: Kind, _ labels: [String]) throws {
    switch kind {
    case .classes: self = .classes(Set(labels).sorted())
    case .numbers:
      let values = labels.compactMap { Double($0) }
      let count = Double(max(values.count, 1))
      let mean = values.reduce(0, +) / count
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      self = .numbers(mean: mean, deviation: variance > 0 ? variance.squareRoot() : 1)
    }
  }

  var predicted: PredictionTarget {
    switch self {
    case .classes(let names): .classes(names.count)
    case .numbers: .numbers
    }
  }

  /// What a model is to give: the number of the class, or the number with the mean taken away and divided by the
  /// deviation.
  ///
  /// - Throws: `FormatError` for a class that the rows to train on have not.
  func numbers(_ labels: [String], _ source: String) throws -> [Float] {
    switch self {
    case .classes(let names):
      let places = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
      return try labels.map { label in
        guard let place = places[label] else {
          throw FormatError(
            .malformed, source,
            "the class '\(label)' is in no row that is trained on; those are \(names.prefix(20).joined(separator: ", ")).")
        }
        return Float(place)
      }
    case .numbers(let mean, let deviation):
      return labels.map { Float(((Double($0) ?? .nan) - mean) / deviation) }
    }
  }

  /// A predicted number in the column's own unit.
  func original(_ value: Float) -> Double {
    guard case .numbers(let mean, let deviation) = self else { return Double(value) }
    return Double(value) * deviation + mean
  }
}
