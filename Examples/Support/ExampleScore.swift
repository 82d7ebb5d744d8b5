import ApusTrain
import Foundation

/// What an example reached, and what it has to reach.
struct ExampleScore: CustomStringConvertible {
  /// Such as `test accuracy`.
  var name: String
  var value: Double
  var bar: Double
  var higherIsBetter = true
  /// Whether it is shown in percent; the value is from 0 to 1.
  var isShare = false

  var isReached: Bool { higherIsBetter ? value >= bar : value <= bar }

  var description: String { "\(name) \(text(value)) (\(higherIsBetter ? "at least" : "at most") \(text(bar)))" }

  private func text(_ value: Double) -> String {
    isShare ? String(format: "%.2f %%", value * 100) : String(format: "%.3f", value)
  }
}

extension TrainingContext {
  /// The last value of one of the validation's metrics; not a number before the first.
  func validated(_ metric: String) -> Double { position.history.last?["validation/" + metric] ?? .nan }
}
