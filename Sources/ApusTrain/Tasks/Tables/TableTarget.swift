import ApusFormats

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
            "the class '\(label)' is in no row that is trained on; those are "
              + "\(names.prefix(20).joined(separator: ", ")).")
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
