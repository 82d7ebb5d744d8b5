import Foundation

/// Shows how training goes on; called from the loop, so it must be quick.
public protocol ProgressRenderer {
  mutating func begin(_ summary: TrainingSummary)
  /// A step is done.
  mutating func advance(_ step: StepProgress)
  mutating func finish(_ epoch: EpochRecord)
  /// A line for the user, such as "interrupted".
  mutating func note(_ line: String)
}

/// What is about to be trained.
public struct TrainingSummary: Sendable {
  public var model: String
  public var parameterCount: Int
  public var data: String
  public var trainingCount: Int
  public var heldOutCount: Int
  public var epochs: Int
  public var startEpoch: Int
}

/// Where in an epoch training stands.
public struct StepProgress: Sendable {
  /// Counted from 1.
  public var epoch: Int
  public var epochs: Int
  /// Steps done in this epoch, and its length.
  public var step: Int
  public var steps: Int
  /// The mean loss of the epoch so far.
  public var loss: Double
  /// How long the rest of the epoch should take.
  public var secondsLeft: Double
  /// Images a second.
  public var rate: Double
}

extension ProgressRenderer {
  func title(_ summary: TrainingSummary) -> String {
    let from = summary.startEpoch == 1 ? "" : ", from epoch \(summary.startEpoch)"
    return "\(summary.model) with \(grouped(summary.parameterCount)) parameters on \(summary.data): "
      + "\(grouped(summary.trainingCount)) images to train on, \(grouped(summary.heldOutCount)) held out, "
      + "\(summary.epochs) \(summary.epochs == 1 ? "epoch" : "epochs")\(from)"
  }

  func line(_ record: EpochRecord, of epochs: Int) -> String {
    let number = String(record.epoch).leftPadded(String(epochs).count)
    return "epoch \(number)/\(epochs)  loss \(fixed(record.trainingLoss, 4))"
      + "  validation loss \(fixed(record.validationLoss, 4))"
      + "  accuracy \(percent(record.validationAccuracy))  \(fixed(record.seconds, 1)) s"
  }
}

/// A number with commas between thousands.
func grouped(_ number: Int) -> String {
  var result = ""
  for (place, digit) in String(number.magnitude).reversed().enumerated() {
    if place > 0 && place % 3 == 0 { result = "," + result }
    result = String(digit) + result
  }
  return number < 0 ? "-" + result : result
}

/// Writes to standard error, so that standard output stays free for results.
func writeError(_ text: String) {
  FileHandle.standardError.write(Data(text.utf8))
}
