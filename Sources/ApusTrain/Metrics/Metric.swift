import Apus

/// A figure over a whole pass, exact whatever the batches: a value that sums up what it is shown.
///
/// Those of the shards of a data set, each filled on its own, are put together by `merge`.
public protocol Metric: Sendable {
  associatedtype Predictions
  associatedtype Targets

  /// What it is called in configurations and reports; see `MetricName`.
  var name: String { get }

  /// The figure; NaN where nothing was seen that defines it.
  var value: Double { get }

  /// Takes in one batch.
  ///
  /// - Throws: where predictions and targets do not fit; then nothing has changed.
  mutating func update(_ predictions: Predictions, _ targets: Targets) throws(MetricError)

  /// Takes in all that another one of the same settings has seen.
  mutating func merge(_ other: Self)
}

/// The names of metrics in configurations, reports and histories. They do not change.
public enum MetricName {
  public static let accuracy = "accuracy"
  public static let precision = "precision"
  public static let recall = "recall"
  public static let f1 = "f1"
  public static let meanIoU = "meanIoU"
  public static let rocAUC = "rocAUC"
  public static let prAUC = "prAUC"
  public static let logLoss = "logLoss"
  public static let perplexity = "perplexity"
  public static let calibrationError = "calibrationError"
  public static let mae = "mae"
  public static let mse = "mse"
  public static let rmse = "rmse"
  public static let r2 = "r2"
  public static let bleu = "bleu"
  public static let wordErrorRate = "wordErrorRate"
  public static let characterErrorRate = "characterErrorRate"
  /// `top5` for 5.
  public static func top(_ count: Int) -> String { "top\(count)" }
}

/// Predictions and targets of which no figure can be made.
public struct MetricError: Error, Hashable, CustomStringConvertible {
  public let description: String

  public init(_ metric: String, _ sentence: String) { description = "\(metric): \(sentence)" }
}

/// Throws unless there are as many predictions as targets.
func checkCounts(_ predictions: Int, _ targets: Int, _ metric: String) throws(MetricError) {
  guard predictions == targets else {
    throw MetricError(metric, "\(predictions) predictions do not fit \(targets) targets.")
  }
}

/// Throws unless labels are below the number of classes; those below 0 do not count.
func checkLabels(
  _ labels: [Int], rows: Int, classes: Int, _ metric: String
) throws(MetricError) {
  try checkCounts(rows, labels.count, metric)
  guard let wrong = labels.first(where: { $0 >= classes }) else { return }
  throw MetricError(
    metric, "label \(wrong) is none of \(classes) classes; labels count from 0, and those below 0 are "
      + "left out.")
}

extension Metric where Predictions == ClassScores, Targets == [Int] {
  /// Takes in one batch: logits `[…, class]` and integer labels `[…]`, each read once. Where several metrics
  /// see a batch, make its `ClassScores` once for all.
  public mutating func update(logits: Tensor, labels: Tensor) throws(MetricError) {
    try update(ClassScores(logits), labels.array(of: Int.self))
  }
}
