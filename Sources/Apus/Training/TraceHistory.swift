import ApusIR
import ApusRuntime

/// Says when a function is built anew for ever other arguments, which costs a compilation each time,
/// and which of them changed.
struct TraceHistory: Sendable {
  private let subject: String
  private var last: TraceSignature?
  /// Sentences grouped by length have about a dozen.
  private var limit = 16

  init(_ subject: String) { self.subject = subject }

  /// - Parameter count: the number of signatures seen, this one included.
  mutating func record(_ signature: TraceSignature, count: Int) {
    defer { last = signature }
    guard count >= limit, let last else { return }
    limit *= 2
    Warning.print(
      "\(subject) was compiled for \(count) different sets of arguments. Lately "
        + TraceHistory.difference(last, signature)
        + ". Pad or group the arguments so that fewer shapes occur.")
  }

  private static func difference(_ old: TraceSignature, _ new: TraceSignature) -> String {
    if old.device != new.device { return "the device changed from \(old.device) to \(new.device)" }
    if old.isTraining != new.isTraining { return "the training mode changed" }
    guard old.layout == new.layout, old.types.count == new.types.count else {
      return "the structure of the arguments changed"
    }
    let changes = zip(old.types, new.types).enumerated().filter { $1.0 != $1.1 }
    return changes.prefix(3).map { index, pair in
      "tensor \(index) of the arguments changed from \(pair.0) to \(pair.1)"
    }.joined(separator: ", ")
  }
}
