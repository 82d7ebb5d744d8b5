/// `log.jsonl` in the run folder: one JSON object a line.
///
/// After an interruption the lines of steps that are taken again are removed first.
public final class JSONLog: LogCallback {
  public init() {}

  func open(_ context: TrainingContext) throws {
    guard let file = file(context) else { return }
    let lines = context.position.totalSteps == 0 ? [] : file.lines()
    try file.replace(
      with: lines.filter { line in
        let entry = try? JSON.decode(LogEntry.self, from: line)
        return entry.map { $0.step <= context.position.totalSteps } ?? false
      })
  }

  func append(_ entry: LogEntry, _ context: TrainingContext) throws {
    try file(context)?.append(JSON.line(entry))
  }

  private func file(_ context: TrainingContext) -> AppendedFile? {
    context.folder.map { AppendedFile(path: "\($0.path)/log.jsonl") }
  }
}
