// Metrics of scores, high for positive examples, and whether examples are positive. Which threshold
// tells them apart is left open.

/// The area under the receiver operating characteristic: the share of pairs of a positive and a negative
/// example in which the positive has the greater score; equal scores count half.
///
/// Exact. Keeps all scores, 8 bytes an example; `value` sorts them, O(n log n). See `BinnedROCAUC`.
public struct ROCAUC: Metric {
  private var scores = ScoredExamples()

  public init() {}

  public var name: String { MetricName.rocAUC }

  public var value: Double {
    var negatives = 0, twice = 0
    scores.forEachScore(descending: false) { positive, negative in
      twice += positive * (2 * negatives + negative)
      negatives += negative
    }
    let pairs = Double(scores.positives.count) * Double(scores.negatives.count)
    return pairs == 0 ? .nan : Double(twice) / (2 * pairs)
  }

  public mutating func update(_ scores: [Double], _ isPositive: [Bool]) throws(MetricError) {
    try self.scores.append(scores, isPositive, name)
  }

  public mutating func merge(_ other: ROCAUC) { scores.append(other.scores) }
}

/// The area under the curve of precision over recall as average precision: the mean, over the positive
/// examples, of the precision at their score (scikit-learn's `average_precision_score`). No
/// interpolation, which would be too kind.
///
/// Exact. Keeps all scores, 8 bytes an example; `value` sorts them, O(n log n).
public struct PRAUC: Metric {
  private var scores = ScoredExamples()

  public init() {}

  public var name: String { MetricName.prAUC }

  public var value: Double {
    var hits = 0, taken = 0
    var area = 0.0
    scores.forEachScore(descending: true) { positive, negative in
      hits += positive
      taken += positive + negative
      area += Double(positive) * Double(hits) / Double(taken)
    }
    return hits == 0 ? .nan : area / Double(hits)
  }

  public mutating func update(_ scores: [Double], _ isPositive: [Bool]) throws(MetricError) {
    try self.scores.append(scores, isPositive, name)
  }

  public mutating func merge(_ other: PRAUC) { scores.append(other.scores) }
}

/// `ROCAUC` of probabilities in 16 bytes a bin, however many examples there are. Scores of one bin count
/// as equal, so that the value is off by at most `errorBound`.
public struct BinnedROCAUC: Metric {
  private var positives: [Int]
  private var negatives: [Int]

  public init(bins: Int = 4096) {
    positives = Array(repeating: 0, count: max(1, bins))
    negatives = positives
  }

  public var name: String { MetricName.rocAUC }

  public var value: Double {
    var below = 0.0, area = 0.0
    for (positive, negative) in zip(positives, negatives) {
      area += Double(positive) * (below + Double(negative) / 2)
      below += Double(negative)
    }
    return pairs == 0 ? .nan : area / pairs
  }

  /// Half the share of pairs of a positive and a negative example that fell into one bin.
  public var errorBound: Double {
    let undecided = zip(positives, negatives).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    return pairs == 0 ? .nan : undecided / (2 * pairs)
  }

  private var pairs: Double {
    Double(positives.reduce(0, +)) * Double(negatives.reduce(0, +))
  }

  public mutating func update(_ scores: [Double], _ isPositive: [Bool]) throws(MetricError) {
    try checkCounts(scores.count, isPositive.count, name)
    if let wrong = scores.first(where: { !(0...1 ~= $0) }) {
      throw MetricError(name, "the score \(wrong) is no probability; bins are from 0 to 1.")
    }
    for (score, isPositive) in zip(scores, isPositive) {
      let bin = min(Int(score * Double(positives.count)), positives.count - 1)
      if isPositive { positives[bin] += 1 } else { negatives[bin] += 1 }
    }
  }

  public mutating func merge(_ other: BinnedROCAUC) {
    precondition(positives.count == other.positives.count, "areas of different bins")
    for bin in positives.indices {
      positives[bin] += other.positives[bin]
      negatives[bin] += other.negatives[bin]
    }
  }
}

private struct ScoredExamples {
  var positives: [Double] = []
  var negatives: [Double] = []

  mutating func append(
    _ scores: [Double], _ isPositive: [Bool], _ metric: String
  ) throws(MetricError) {
    try checkCounts(scores.count, isPositive.count, metric)
    if scores.contains(where: \.isNaN) {
      throw MetricError(metric, "a score is NaN, which has no place in an order.")
    }
    for (score, isPositive) in zip(scores, isPositive) {
      if isPositive { positives.append(score) } else { negatives.append(score) }
    }
  }

  mutating func append(_ other: ScoredExamples) {
    positives += other.positives
    negatives += other.negatives
  }

  /// For each different score in order, how many positives and negatives have it.
  func forEachScore(descending: Bool, _ body: (_ positives: Int, _ negatives: Int) -> Void) {
    let sign = descending ? -1.0 : 1.0
    let first = positives.map { $0 * sign }.sorted()
    let second = negatives.map { $0 * sign }.sorted()
    var i = 0, j = 0
    while i < first.count || j < second.count {
      let score = min(i < first.count ? first[i] : .infinity, j < second.count ? second[j] : .infinity)
      let (from, start) = (i, j)
      while i < first.count && first[i] == score { i += 1 }
      while j < second.count && second[j] == score { j += 1 }
      body(i - from, j - start)
    }
  }
}
