import Foundation

/// A bar that moves, and one line for each record.
public struct TerminalProgress: ProgressRenderer {
  private var summary: TrainingSummary?
  private var lastDrawn: ContinuousClock.Instant?

  /// Drawing more often than this costs time and shows nothing more.
  private static let interval = Duration.milliseconds(80)
  private static let barWidth = 24
  private static let clearLine = "\r\u{1B}[2K"

  public init() {}

  /// The renderer that suits standard error: a bar on a terminal, else lines.
  public static func suitable() -> any ProgressRenderer {
    let isTerminal = isatty(STDERR_FILENO) == 1
    let isDumb = ProcessInfo.processInfo.environment["TERM"] == "dumb"
    return isTerminal && !isDumb ? TerminalProgress() : PlainProgress()
  }

  public mutating func begin(_ summary: TrainingSummary) {
    self.summary = summary
    writeError(title(summary) + "\n")
  }

  public mutating func advance(_ step: StepProgress) {
    let now = ContinuousClock.now
    if let lastDrawn, now - lastDrawn < TerminalProgress.interval, step.step < step.steps { return }
    lastDrawn = now
    let bar = TerminalProgress.bar(Double(step.step) / Double(step.steps)) + " "
    writeError(TerminalProgress.clearLine + text(step, bar: bar))
  }

  public mutating func finish(_ record: MetricRecord, waiting: Double) {
    writeError(TerminalProgress.clearLine + line(record, of: summary, waiting: waiting) + "\n")
  }

  public mutating func note(_ line: String) { writeError(TerminalProgress.clearLine + line + "\n") }

  /// Eighths of a character, so that the bar moves smoothly.
  private static func bar(_ share: Double) -> String {
    let eighths = Int((share * Double(barWidth * 8)).rounded(.down))
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let full = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    return "│" + full.padded(barWidth) + "│"
  }
}
