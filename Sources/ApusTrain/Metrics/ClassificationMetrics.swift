// Metrics of class scores and integer labels. Labels below 0 do not count.

import Foundation

/// The share of labels that are among the `k` classes with the greatest scores, of equals the first.
public struct TopKAccuracy: Metric {
  public let k: Int
  public private(set) var hits = 0
  public private(set) var count = 0

  public init(_ k: Int) { self.k = k }

  public var name: String { k == 1 ? MetricName.accuracy : MetricName.top(k) }
  public var value: Double { count == 0 ? .nan : Double(hits) / Double(count) }

  public mutating func update(_ scores: ClassScores, _ labels: [Int]) throws(MetricError) {
    try checkLabels(labels, rows: scores.count, classes: scores.classes, name)
    for (row, label) in labels.enumerated() where label >= 0 {
      count += 1
      if scores.rank(row, label) < k { hits += 1 }
    }
  }

  public mutating func merge(_ other: TopKAccuracy) {
    hits += other.hits
    count += other.count
  }
}

/// The mean cross-entropy in nats.
public struct LogLoss: Metric {
  public private(set) var total = 0.0
  public private(set) var count = 0

  public init() {}

  public var name: String { MetricName.logLoss }
  public var value: Double { count == 0 ? .nan : total / Double(count) }

  public mutating func update(_ scores: ClassScores, _ labels: [Int]) throws(MetricError) {
    try checkLabels(labels, rows: scores.count, classes: scores.classes, name)
    for (row, label) in labels.enumerated() where label >= 0 {
      total += scores.loss(row, label)
      count += 1
    }
  }

  /// Takes in the sum of `count` losses that were computed elsewhere, as by a training step.
  public mutating func add(total: Double, count: Int) {
    self.total += total
    self.count += count
  }

  public mutating func merge(_ other: LogLoss) { add(total: other.total, count: other.count) }
}

/// The exponential of the mean cross-entropy of tokens.
public struct Perplexity: Metric {
  public var loss = LogLoss()

  public init() {}

  public var name: String { MetricName.perplexity }
  public var value: Double { exp(loss.value) }

  public mutating func update(_ scores: ClassScores, _ labels: [Int]) throws(MetricError) {
    try loss.update(scores, labels)
  }

  public mutating func merge(_ other: Perplexity) { loss.merge(other.loss) }
}

/// The expected calibration error: how far the probability of the predicted class lies from the share of
/// right predictions, in bins of equal width, weighted by their counts (Guo et al., 2017).
public struct CalibrationError: Metric {
  /// Bin i has the probabilities above i / bins, up to (i + 1) / bins.
  private var bins: [Bin]

  private struct Bin {
    var count = 0, hits = 0
    var probability = 0.0
  }

  public init(bins: Int = 15) { self.bins = Array(repeating: Bin(), count: max(1, bins)) }

  public var name: String { MetricName.calibrationError }

  public var value: Double {
    let count = bins.reduce(0) { $0 + $1.count }
    let gaps = bins.reduce(0) { $0 + abs(Double($1.hits) - $1.probability) }
    return count == 0 ? .nan : gaps / Double(count)
  }

  public mutating func update(_ scores: ClassScores, _ labels: [Int]) throws(MetricError) {
    try checkLabels(labels, rows: scores.count, classes: scores.classes, name)
    var bins = bins
    for (row, label) in labels.enumerated() where label >= 0 {
      let predicted = scores.predicted(row)
      let probability = exp(-scores.loss(row, predicted))
      guard probability.isFinite else {
        throw MetricError(name, "the scores of example \(row) are not finite.")
      }
      let place = Int((probability * Double(bins.count)).rounded(.up)) - 1
      let index = min(max(place, 0), bins.count - 1)
      bins[index].count += 1
      bins[index].hits += predicted == label ? 1 : 0
      bins[index].probability += probability
    }
    self.bins = bins
  }

  public mutating func merge(_ other: CalibrationError) {
    precondition(bins.count == other.bins.count, "calibration errors of different bins")
    for (index, bin) in other.bins.enumerated() {
      bins[index].count += bin.count
      bins[index].hits += bin.hits
      bins[index].probability += bin.probability
    }
  }
}
