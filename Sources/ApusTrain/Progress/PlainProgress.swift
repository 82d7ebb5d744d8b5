/// One line an epoch, for logs.
public struct PlainProgress: ProgressRenderer {
  private var epochs = 0

  public init() {}

  public mutating func begin(_ summary: TrainingSummary) {
    epochs = summary.epochs
    writeError(title(summary) + "\n")
  }

  public mutating func advance(_ step: StepProgress) {}

  public mutating func finish(_ epoch: EpochRecord) { writeError(line(epoch, of: epochs) + "\n") }

  public mutating func note(_ line: String) { writeError(line + "\n") }
}

/// Shows nothing.
public struct SilentProgress: ProgressRenderer {
  public init() {}
  public mutating func begin(_ summary: TrainingSummary) {}
  public mutating func advance(_ step: StepProgress) {}
  public mutating func finish(_ epoch: EpochRecord) {}
  public mutating func note(_ line: String) {}
}
