import ApusFormats
import Foundation

/// A text file to which lines are appended, each in one write.
struct AppendedFile {
  let path: String

  /// The whole lines that are there; one that a crash cut off is left out.
  func lines() -> [String] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    lines.removeLast()
    return lines
  }

  /// Puts these lines in the place of all others, whole or not at all.
  func replace(with lines: [String]) throws {
    try AtomicFile.write(lines.map { $0 + "\n" }.joined(), to: path)
  }

  func append(_ line: String) throws {
    do {
      guard let handle = FileHandle(forWritingAtPath: path) else {
        return try AtomicFile.write(line + "\n", to: path)
      }
      defer { try? handle.close() }
      try handle.seekToEnd()
      try handle.write(contentsOf: Data((line + "\n").utf8))
    } catch let error as FormatError {
      throw error
    } catch {
      throw FormatError(.unwritable, path, "it cannot be appended to: \(error.localizedDescription).")
    }
  }
}

/// One line of a log.
struct LogEntry: Codable {
  enum Kind: String, Codable {
    /// What was read of the training steps.
    case step
    /// A `MetricRecord`.
    case record
  }

  var kind: Kind
  /// Steps in all, and the epoch, counted from 1.
  var step: Int
  var epoch: Int
  var learningRate: Double
  var metrics: [String: Double]
}

/// A callback that appends an entry for each reading of the loss and for each record.
protocol LogCallback: Callback {
  /// Leaves of the file what is up to this step.
  func open(_ context: TrainingContext) throws
  func append(_ entry: LogEntry, _ context: TrainingContext) throws
}

extension LogCallback {
  public func begin(_ context: TrainingContext) throws { try open(context) }

  public func stepEnd(_ context: TrainingContext) throws {
    guard context.isRead else { return }
    let epoch = context.position.epoch + 1
    try append(
      LogEntry(
        kind: .step, step: context.position.totalSteps, epoch: epoch,
        learningRate: context.learningRate, metrics: context.metrics), context)
  }

  public func recordEnd(_ record: MetricRecord, _ context: TrainingContext) throws {
    try append(
      LogEntry(
        kind: .record, step: record.step, epoch: record.epoch, learningRate: context.learningRate,
        metrics: record.metrics), context)
  }
}
