/// What is known at one point of training: at the end of an epoch, or after every so many steps.
public struct MetricRecord: Codable, Hashable, Sendable {
  /// Counted from 1: the epoch that is over, or that training is in.
  public var epoch: Int
  /// Steps taken in all.
  public var step: Int
  /// Wall time since the record before, validation included.
  public var seconds: Double
  /// By name. What the step computes is the mean over the steps since the record before, each with the
  /// weights of its time: `loss` and its metrics. What validation found begins with `validation/`.
  public var metrics: [String: Double]

  public init(epoch: Int, step: Int, seconds: Double, metrics: [String: Double]) {
    self.epoch = epoch
    self.step = step
    self.seconds = seconds
    self.metrics = metrics
  }

  public subscript(name: String) -> Double? { metrics[name] }

  /// In the order in which people look at them: the loss first, then the other metrics of training,
  /// then those of validation.
  static func sorted(_ names: some Sequence<String>) -> [String] {
    func rank(_ name: String) -> Int {
      (name.hasPrefix("validation/") ? 2 : 0) + (name.hasSuffix("loss") ? 0 : 1)
    }
    return names.sorted { (rank($0), $0) < (rank($1), $1) }
  }
}
