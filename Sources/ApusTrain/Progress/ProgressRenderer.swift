import Foundation

/// Shows how training goes on; called from the loop, so it must be quick.
public protocol ProgressRenderer {
  mutating func begin(_ summary: TrainingSummary)
  /// A step is done.
  mutating func advance(_ step: StepProgress)
  /// A record was made; `waiting` is the share of its time that the loop has waited for data.
  mutating func finish(_ record: MetricRecord, waiting: Double)
  /// A line for the user, such as why training stopped.
  mutating func note(_ line: String)
}

/// What is about to be trained.
public struct TrainingSummary: Sendable {
  /// Model and data, a phrase.
  public var title: String
  /// Nil where the number of steps decides.
  public var epochs: Int?
  public var totalSteps: Int
  public var startEpoch: Int
  public var startStep: Int
}

/// Where training stands.
public struct StepProgress: Sendable {
  /// Counted from 1; nil where the number of steps decides.
  public var epoch: Int?
  public var epochs: Int?
  /// Steps done and their number: in this epoch, or in all where there are no epochs.
  public var step: Int
  public var steps: Int
  /// The means since the last record.
  public var metrics: [String: Double]
  /// How long the rest of these steps should take.
  public var secondsLeft: Double
  /// Samples a second, and what samples are called.
  public var rate: Double
  public var unit: String
  /// The share of its time that the loop waited for data.
  public var waiting: Double
}

extension ProgressRenderer {
  func title(_ summary: TrainingSummary) -> String {
    let length = summary.epochs.map { "\($0) \($0 == 1 ? "epoch" : "epochs")" }
      ?? "\(grouped(summary.totalSteps)) steps"
    var start = ""
    if summary.epochs == nil, summary.startStep > 0 {
      start = ", from step \(grouped(summary.startStep + 1))"
    } else if summary.startEpoch > 1 {
      start = ", from epoch \(summary.startEpoch)"
    }
    return "\(summary.title), \(length)\(start)"
  }

  /// `epoch  3/20  loss 0.1234  validation loss 0.2345  validation accuracy 97.22 %  1.2 s, 0.1 % waiting for data`
  func line(_ record: MetricRecord, of summary: TrainingSummary?, waiting: Double) -> String {
    let place: String
    if let epochs = summary?.epochs {
      place = "epoch \(String(record.epoch).leftPadded(String(epochs).count))/\(epochs)"
    } else {
      place = "step \(grouped(record.step))" + (summary.map { "/\(grouped($0.totalSteps))" } ?? "")
    }
    return "\(place)\(metricsText(record.metrics))  \(fixed(record.seconds, 1)) s, "
      + "\(fixed(waiting * 100, 1)) % waiting for data"
  }

  func text(_ step: StepProgress, bar: String = "") -> String {
    var place = ""
    if let epoch = step.epoch, let epochs = step.epochs {
      place = "epoch \(String(epoch).leftPadded(String(epochs).count))/\(epochs) "
    }
    let left = step.secondsLeft
    let waiting = step.waiting < 0.01 ? "" : "  \(fixed(step.waiting * 100, 0)) % waiting for data"
    return place + bar + "\(step.step)/\(step.steps)\(metricsText(step.metrics))"
      + "  \(grouped(Int(step.rate))) \(step.unit)/s  \(fixed(left, left < 10 ? 1 : 0)) s left\(waiting)"
  }
}

/// `  loss 0.1234  validation accuracy 97.22 %`: a metric whose name ends in `accuracy` is a share.
func metricsText(_ metrics: [String: Double]) -> String {
  MetricRecord.sorted(metrics.keys).map { name in
    let value = metrics[name] ?? .nan
    let text = name.hasSuffix("accuracy") ? percent(value) : figure(value)
    return "  \(name.replacing("/", with: " ")) \(text)"
  }.joined()
}

/// A number with four decimals, or in powers of ten where those would not show it.
func figure(_ value: Double) -> String {
  value == 0 || abs(value) >= 0.001 ? fixed(value, 4) : String(format: "%.2e", value)
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
