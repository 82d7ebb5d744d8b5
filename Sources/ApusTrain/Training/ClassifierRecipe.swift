import Apus
import ApusData

/// What a classifier is trained with: batches of images with their classes, and an optimizer. Where that keeps
/// an average of the weights, the average is evaluated and saved.
public struct ClassifierRecipe {
  public var source: any BatchSource<Batch>
  public var optimizer: any Optimizer
  /// What products and convolutions are computed in; nil for the parameters' dtype.
  public var precision: DType?
  /// The share of the right class that is spread over all classes.
  public var labelSmoothing: Double

  public init(
    source: any BatchSource<Batch>, optimizer: any Optimizer, precision: DType? = nil, labelSmoothing: Double = 0
  ) {
    self.source = source
    self.optimizer = optimizer
    self.precision = precision
    self.labelSmoothing = labelSmoothing
  }

  func makeStep(_ classifier: Classifier, seed: UInt64) -> Step<Void, Batch> {
    let labelSmoothing = labelSmoothing
    return Step((), optimizer, seed: seed, precision: precision) { _, batch in
      crossEntropy(logits: classifier.logits(batch.x), labels: batch.y, labelSmoothing: labelSmoothing)
    }
  }
}
