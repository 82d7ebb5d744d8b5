/// How the figures of single classes become one, as in scikit-learn.
public enum MetricAverage: Hashable, Sendable {
  /// The figure of one class.
  case binary(positive: Int = 1)
  /// Of all classes together: counts are added before they are divided.
  case micro
  /// The mean over the classes that occur, as labels or as predictions.
  case macro
  /// The mean over the classes, weighted by how often they are labels.
  case weighted
}

extension ConfusionMatrix {
  /// Adds the counts of a matrix of the same classes.
  public mutating func merge(_ other: ConfusionMatrix) {
    precondition(classNames == other.classNames, "confusion matrices of different classes")
    for actual in counts.indices {
      for predicted in counts.indices {
        add(actual: actual, predicted: predicted, count: other.counts[actual][predicted])
      }
    }
  }

  /// Of what was predicted to be of a class, the share that is. 0 where nothing was.
  public func precision(_ average: MetricAverage) -> Double {
    figure(average) { ($0.hits, $0.hits + $0.falseAlarms) }
  }

  /// Of what is of a class, the share that was found. 0 where nothing is.
  public func recall(_ average: MetricAverage) -> Double {
    figure(average) { ($0.hits, $0.hits + $0.misses) }
  }

  /// The harmonic mean of precision and recall.
  public func f1(_ average: MetricAverage) -> Double {
    figure(average) { (2 * $0.hits, 2 * $0.hits + $0.misses + $0.falseAlarms) }
  }

  /// Intersection over union of labels and predictions (the Jaccard index). The usual average in
  /// segmentation is `.macro`.
  public func meanIoU(_ average: MetricAverage = .macro) -> Double {
    figure(average) { ($0.hits, $0.hits + $0.misses + $0.falseAlarms) }
  }

  private struct ClassCounts {
    var hits = 0, misses = 0, falseAlarms = 0
    var support: Int { hits + misses }
    var occurs: Bool { hits + misses + falseAlarms > 0 }
  }

  private func figure(
    _ average: MetricAverage, _ share: (ClassCounts) -> (part: Int, whole: Int)
  ) -> Double {
    var classes = counts.indices.map { _ in ClassCounts() }
    for (actual, row) in counts.enumerated() {
      for (predicted, count) in row.enumerated() where count > 0 {
        if actual == predicted {
          classes[actual].hits += count
        } else {
          classes[actual].misses += count
          classes[predicted].falseAlarms += count
        }
      }
    }
    func ratio(_ counts: ClassCounts) -> Double {
      let (part, whole) = share(counts)
      return whole == 0 ? 0 : Double(part) / Double(whole)
    }
    guard total > 0 else { return .nan }
    switch average {
    case .binary(let positive): return ratio(classes[positive])
    case .micro:
      return ratio(
        classes.reduce(into: ClassCounts()) {
          $0.hits += $1.hits
          $0.misses += $1.misses
          $0.falseAlarms += $1.falseAlarms
        })
    case .macro:
      let present = classes.filter(\.occurs)
      return present.map(ratio).reduce(0, +) / Double(present.count)
    case .weighted:
      let weighted = classes.map { ratio($0) * Double($0.support) }
      return weighted.reduce(0, +) / Double(total)
    }
  }
}

/// A figure of the confusion matrix of the predicted classes.
public struct ConfusionMetric: Metric {
  public enum Kind: String, CaseIterable, Sendable {
    case accuracy, precision, recall, f1, meanIoU
  }

  public let kind: Kind
  public let average: MetricAverage
  public private(set) var matrix: ConfusionMatrix

  /// - Parameter average: does not matter to accuracy. A class that it names must be below `classes`.
  public init(_ kind: Kind, classes: Int, average: MetricAverage = .macro) {
    if case .binary(let positive) = average {
      precondition(0..<classes ~= positive, "class \(positive) is none of \(classes)")
    }
    (self.kind, self.average) = (kind, average)
    matrix = ConfusionMatrix(classNames: (0..<classes).map(String.init))
  }

  public var name: String { kind.rawValue }

  public var value: Double {
    switch kind {
    case .accuracy: matrix.total == 0 ? .nan : matrix.accuracy
    case .precision: matrix.precision(average)
    case .recall: matrix.recall(average)
    case .f1: matrix.f1(average)
    case .meanIoU: matrix.meanIoU(average)
    }
  }

  public mutating func update(_ scores: ClassScores, _ labels: [Int]) throws(MetricError) {
    try update(predicted: (0..<scores.count).map(scores.predicted), labels: labels)
  }

  /// Takes in classes that were chosen elsewhere, as in the masks of a segmentation.
  public mutating func update(predicted: [Int], labels: [Int]) throws(MetricError) {
    let classes = matrix.classNames.count
    try checkLabels(labels, rows: predicted.count, classes: classes, name)
    if let wrong = predicted.first(where: { !(0..<classes ~= $0) }) {
      throw MetricError(name, "the predicted class \(wrong) is none of \(classes) classes.")
    }
    for (predicted, label) in zip(predicted, labels) where label >= 0 {
      matrix.add(actual: label, predicted: predicted)
    }
  }

  public mutating func merge(_ other: ConfusionMetric) { matrix.merge(other.matrix) }
}
