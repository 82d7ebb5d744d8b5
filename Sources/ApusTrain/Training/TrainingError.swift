/// Why training cannot go on.
public enum TrainingError: Error, Hashable, Sendable {
  /// The loss is no finite number any more.
  /// - Parameters:
  ///   - epoch, step: in which the loss was computed, counted from 1; the step within its epoch.
  ///   - learningRate: the highest up to there.
  ///   - origin: what the NaN guard found, a sentence.
  case notFinite(Double, epoch: Int, step: Int, learningRate: Double, origin: String?)
  /// An epoch of the source has no batch.
  case noBatches(epoch: Int)
  /// A checkpoint does not fit the run.
  case checkpoint(String)
}

extension TrainingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notFinite(let loss, let epoch, let step, let learningRate, let origin):
      "the loss became \(loss) in epoch \(epoch) at step \(step)" + (origin.map { ": \($0)" } ?? "")
        + "; try a lower learning rate than \(learningRate)."
    case .noBatches(let epoch):
      "epoch \(epoch) has no batch; give at least as many samples as a batch has."
    case .checkpoint(let reason): "the checkpoint cannot be used: \(reason)"
    }
  }
}
