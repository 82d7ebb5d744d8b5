/// Training or inference. Inference is the default; a training step sets training while it builds
/// its graph. Layers ask, and never store it.
public enum Mode {
  @TaskLocal static var current = false

  /// Whether dropout drops and batch normalisation uses the batch's statistics.
  public static var isTraining: Bool { current }
}

/// Runs `body` in training mode, or in inference mode for false.
public func withTraining<Result>(
  _ isTraining: Bool = true, _ body: () throws -> Result
) rethrows -> Result {
  try Mode.$current.withValue(isTraining, operation: body)
}
