/// Lines for logs: one for each record, and one a minute between them.
public struct PlainProgress: ProgressRenderer {
  private var summary: TrainingSummary?
  private var lastLine = ContinuousClock.now

  private static let interval = Duration.seconds(60)

  public init() {}

  public mutating func begin(_ summary: TrainingSummary) {
    self.summary = summary
    write(title(summary))
  }

  public mutating func advance(_ step: StepProgress) {
    if ContinuousClock.now - lastLine >= PlainProgress.interval { write(text(step)) }
  }

  public mutating func finish(_ record: MetricRecord, waiting: Double) {
    write(line(record, of: summary, waiting: waiting))
  }

  public mutating func note(_ line: String) { write(line) }

  private mutating func write(_ line: String) {
    lastLine = .now
    writeError(line + "\n")
  }
}

/// Shows nothing.
public struct SilentProgress: ProgressRenderer {
  public init() {}
  public mutating func begin(_ summary: TrainingSummary) {}
  public mutating func advance(_ step: StepProgress) {}
  public mutating func finish(_ record: MetricRecord, waiting: Double) {}
  public mutating func note(_ line: String) {}
}
