import Foundation

/// What a model made of a set of images.
public struct Evaluation: Sendable {
  public let confusion: ConfusionMatrix
  /// The mean cross-entropy.
  public let loss: Double
  /// For each image the class with the greatest probability, and that probability.
  public let predictions: [Prediction]

  public struct Prediction: Hashable, Sendable {
    public var label: Int
    public var predicted: Int
    public var probability: Double
  }

  public var accuracy: Double { confusion.accuracy }

  /// Sums up rows of scores, one for each label.
  init(classNames: [String], scores: ClassScores, labels: [Int]) throws(MetricError) {
    try checkLabels(labels, rows: scores.count, classes: classNames.count, "evaluation")
    var matrix = ConfusionMatrix(classNames: classNames)
    var total = 0.0
    var predictions: [Prediction] = []
    predictions.reserveCapacity(labels.count)
    for (row, label) in labels.enumerated() {
      let predicted = scores.predicted(row)
      matrix.add(actual: label, predicted: predicted)
      total += scores.loss(row, label)
      predictions.append(
        Prediction(
          label: label, predicted: predicted, probability: exp(-scores.loss(row, predicted))))
    }
    confusion = matrix
    loss = labels.isEmpty ? 0 : total / Double(labels.count)
    self.predictions = predictions
  }
}

/// Probabilities from logits, in double precision.
func softmax(_ logits: ArraySlice<Float>) -> [Double] {
  let greatest = Double(logits.max() ?? 0)
  let powers = logits.map { exp(Double($0) - greatest) }
  let total = powers.reduce(0, +)
  return powers.map { $0 / total }
}
