/// Keeps `history.json` of the run folder: all records so far.
public final class HistoryFile: Callback {
  public init() {}

  public func recordEnd(_ record: MetricRecord, _ context: TrainingContext) throws {
    try context.folder?.write(history: context.position.history)
  }
}
