import Apus
import Foundation

/// Unnormalised log-probabilities of a batch, one row of classes for each example, on the host.
public struct ClassScores: Sendable {
  public let classes: Int
  /// Row after row.
  public let elements: [Float]

  public var count: Int { elements.count / classes }

  /// The elements of `[…, class]`, computed and read once.
  public init(_ logits: Tensor) throws(MetricError) {
    guard let classes = logits.shape.last, logits.dtype.isFloating else {
      throw MetricError(
        "ClassScores", "needs floating-point logits [..., class], got \(logits.dtype)\(logits.shape).")
    }
    try self.init(logits.array(of: Float.self), classes: classes)
  }

  public init(_ elements: [Float], classes: Int) throws(MetricError) {
    guard classes > 0, elements.count % classes == 0 else {
      throw MetricError("ClassScores", "\(elements.count) scores are no rows of \(classes) classes.")
    }
    (self.elements, self.classes) = (elements, classes)
  }

  public subscript(row: Int) -> ArraySlice<Float> {
    elements[row * classes..<(row + 1) * classes]
  }

  /// The class with the greatest score, the first of equals; a NaN counts as the greatest.
  public func predicted(_ row: Int) -> Int {
    let scores = self[row]
    var best = scores.startIndex
    for index in scores.indices.dropFirst() {
      let isGreater = scores[index] > scores[best]
      if isGreater || (scores[index].isNaN && !scores[best].isNaN) { best = index }
    }
    return best - scores.startIndex
  }

  /// How many classes come before `label` in the order of scores, of equals the first first. A NaN comes
  /// before everything, and everything before a NaN.
  func rank(_ row: Int, _ label: Int) -> Int {
    let scores = self[row]
    let place = scores.startIndex + label
    let own = scores[place]
    var rank = 0
    for index in scores.indices where index != place {
      let isBehind = index < place ? scores[index] < own : scores[index] <= own
      if !isBehind { rank += 1 }
    }
    return rank
  }

  /// The negative logarithm of the probability of `label`.
  func loss(_ row: Int, _ label: Int) -> Double {
    let scores = self[row]
    let greatest = Double(scores.max() ?? 0)
    let total = scores.reduce(0.0) { $0 + exp(Double($1) - greatest) }
    return log(total) + greatest - Double(scores[scores.startIndex + label])
  }

  /// The probabilities of one class in all rows: the scores that `ROCAUC` and `PRAUC` take.
  public func probabilities(of label: Int) -> [Double] {
    (0..<count).map { exp(-loss($0, label)) }
  }
}
