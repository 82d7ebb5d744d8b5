/// Stops training once a metric has not become better for `patience` records (Keras's
/// `EarlyStopping`). What it needs is in the history, so it goes on after an interruption as before.
public final class EarlyStopping: Callback {
  public let goal: MetricGoal
  /// Records without a better one that are borne with.
  public let patience: Int
  /// Less than this is no improvement.
  public let minimumDelta: Double

  public init(_ goal: MetricGoal, patience: Int, minimumDelta: Double = 0) {
    self.goal = goal
    self.patience = patience
    self.minimumDelta = minimumDelta
  }

  public func recordEnd(_ record: MetricRecord, _ context: TrainingContext) throws {
    _ = try goal.value(in: record)
    var best: Double?
    var stale = 0
    for record in context.position.history {
      guard let value = record[goal.metric] else { continue }
      if goal.isReached(value, over: best, by: minimumDelta) {
        best = value
        stale = 0
      } else {
        stale += 1
      }
    }
    guard stale > 0, stale >= patience else { return }
    let reached = best.map { "\($0)" } ?? "none"
    context.stop(
      because: "\(goal.metric) has not become better than \(reached) for \(stale) records")
  }
}
