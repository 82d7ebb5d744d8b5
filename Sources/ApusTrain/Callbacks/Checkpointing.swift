import Apus
import ApusFormats
import Foundation

/// Writes checkpoints into the run folder: the last ones, and the best by a metric.
///
/// A background task writes while training goes on. Training waits only where the checkpoint before is
/// not written yet. Files appear whole or not at all.
public final class Checkpointing: Callback {
  /// Which one is kept as `checkpoints/best.safetensors`; nil for none.
  public let best: MetricGoal?
  /// How many are kept; `checkpoints/last.safetensors` is the newest. Others are
  /// `checkpoints/step-<steps>.safetensors`.
  public let keepLast: Int
  /// Steps between checkpoints, beside those of each record; nil for none.
  public let period: Int?

  private var writing: Task<Void, any Error>?
  private var savedStep: Int?
  /// Seconds for which training waited for the disk.
  public private(set) var secondsWaiting = 0.0

  public init(best: MetricGoal? = nil, keepLast: Int = 1, every period: Int? = nil) {
    precondition(keepLast >= 1, "at least the last checkpoint is kept")
    precondition(period ?? 1 >= 1, "the period is a number of steps")
    self.best = best
    self.keepLast = keepLast
    self.period = period
  }

  public func begin(_ context: TrainingContext) throws {
    if let folder = context.folder { try AtomicFile.createFolder("\(folder.path)/checkpoints") }
    savedStep = context.position.totalSteps > 0 ? context.position.totalSteps : nil
  }

  public func stepEnd(_ context: TrainingContext) async throws {
    guard let period, context.position.totalSteps % period == 0 else { return }
    try await save(context, isBest: false)
  }

  public func recordEnd(_ record: MetricRecord, _ context: TrainingContext) async throws {
    var isBest = false
    if let best {
      let earlier = context.position.history.dropLast().compactMap { $0[best.metric] }
      let reached = earlier.reduce(Double?.none) { best.isReached($1, over: $0) ? $1 : $0 }
      isBest = best.isReached(try best.value(in: record), over: reached)
    }
    try await save(context, isBest: isBest)
  }

  public func end(_ end: TrainingEnd, _ context: TrainingContext) async throws {
    if end != .failed, savedStep != context.position.totalSteps {
      try await save(context, isBest: false)
    }
    try await wait()
  }

  private func wait() async throws {
    let start = ContinuousClock.now
    defer { secondsWaiting += (ContinuousClock.now - start) / .seconds(1) }
    let task = writing
    writing = nil
    try await task?.value
  }

  private func save(_ context: TrainingContext, isBest: Bool) async throws {
    guard let folder = context.folder else { return }
    try await wait()
    let checkpoint = try context.checkpoint()
    savedStep = checkpoint.position.totalSteps
    let keepLast = keepLast
    writing = Task.detached {
      try checkpoint.write(to: folder.lastCheckpoint)
      if isBest { try checkpoint.write(to: folder.bestCheckpoint) }
      guard keepLast > 1 else { return }
      try checkpoint.write(to: folder.checkpoint(step: checkpoint.position.totalSteps))
      for old in folder.numberedCheckpoints.dropLast(keepLast) {
        try? FileManager.default.removeItem(atPath: old)
      }
    }
  }
}

extension RunFolder {
  /// The place of the checkpoint after so many steps.
  public func checkpoint(step: Int) -> String {
    let digits = String(step)
    let zeros = String(repeating: "0", count: max(0, 12 - digits.count))
    return "\(path)/checkpoints/step-\(zeros)\(digits).safetensors"
  }

  /// Those there are, in the order of their steps.
  public var numberedCheckpoints: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/checkpoints")) ?? []
    return names.filter { $0.hasPrefix("step-") && $0.hasSuffix(".safetensors") }.sorted()
      .map { "\(path)/checkpoints/\($0)" }
  }
}
