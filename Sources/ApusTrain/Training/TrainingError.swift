/// Why training cannot go on.
public enum TrainingError: Error, Hashable, Sendable {
  /// The loss is no finite number any more.
  case notFinite(Double, position: Checkpoint.Position)
}

extension TrainingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notFinite(let loss, let position):
      "the loss became \(loss) in epoch \(position.epoch + 1) at step \(position.step + 1); "
        + "try a lower learning rate than \(position.configuration.learningRate)."
    }
  }
}
