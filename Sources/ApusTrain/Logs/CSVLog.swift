/// `log.csv` in the run folder (RFC 4180): `kind,step,epoch,learningRate` and a column for each metric.
///
/// After an interruption the lines of steps that are taken again are removed first. A metric that
/// turns up later gets a column at the end.
public final class CSVLog: LogCallback {
  private static let fixed = ["kind", "step", "epoch", "learningRate"]
  private var metrics: [String] = []

  public init() {}

  func open(_ context: TrainingContext) throws {
    guard let file = file(context) else { return }
    let lines = context.position.totalSteps == 0 ? [] : file.lines()
    guard let head = lines.first, CSVLog.fields(head).starts(with: CSVLog.fixed) else {
      metrics = []
      return try file.replace(with: [header])
    }
    metrics = Array(CSVLog.fields(head).dropFirst(CSVLog.fixed.count))
    let kept = lines.dropFirst().filter { line in
      let fields = line.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3, let step = Int(fields[1]) else { return false }
      return step <= context.position.totalSteps
    }
    try file.replace(with: [header] + kept)
  }

  func append(_ entry: LogEntry, _ context: TrainingContext) throws {
    guard let file = file(context) else { return }
    let new = MetricRecord.sorted(entry.metrics.keys).filter { !metrics.contains($0) }
    if !new.isEmpty {
      metrics += new
      let empty = String(repeating: ",", count: new.count)
      try file.replace(with: [header] + file.lines().dropFirst().map { $0 + empty })
    }
    let numbers = metrics.map { name in entry.metrics[name].map { "\($0)" } ?? "" }
    let fields = ["\(entry.kind)", "\(entry.step)", "\(entry.epoch)", "\(entry.learningRate)"]
    try file.append((fields + numbers).joined(separator: ","))
  }

  private var header: String { (CSVLog.fixed + metrics).map(CSVLog.quoted).joined(separator: ",") }

  private static func quoted(_ field: String) -> String {
    let isPlain = !field.contains { ",\"\r\n".contains($0) }
    return isPlain ? field : "\"" + field.replacing("\"", with: "\"\"") + "\""
  }

  /// The fields of a line.
  private static func fields(_ line: String) -> [String] {
    var fields = [""]
    var isQuoted = false
    var previous: Character?
    for character in line {
      if character == "\"" {
        // Two in a row inside of quotes stand for one.
        if !isQuoted && previous == "\"" { fields[fields.count - 1] += "\"" }
        isQuoted.toggle()
      } else if character == ",", !isQuoted {
        fields.append("")
      } else {
        fields[fields.count - 1].append(character)
      }
      previous = character
    }
    return fields
  }

  private func file(_ context: TrainingContext) -> AppendedFile? {
    context.folder.map { AppendedFile(path: "\($0.path)/log.csv") }
  }
}
