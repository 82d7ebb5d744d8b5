/// Which metric is watched, and which way is up: `validation/loss`, lower is better.
public struct MetricGoal: Codable, Hashable, Sendable {
  public enum Better: String, Codable, Hashable, Sendable {
    case lower, higher
  }

  public var metric: String
  public var better: Better

  public init(_ metric: String, _ better: Better) {
    self.metric = metric
    self.better = better
  }

  /// Whether `new` is better than `old` by more than `delta`. A NaN never is.
  func isReached(_ new: Double, over old: Double?, by delta: Double = 0) -> Bool {
    guard let old, !old.isNaN else { return !new.isNaN }
    return better == .lower ? new < old - delta : new > old + delta
  }

  /// The metric of a record.
  ///
  /// - Throws: ``ConfigurationError`` where it has none, with the names it has.
  func value(in record: MetricRecord) throws -> Double {
    guard let value = record[metric] else {
      throw ConfigurationError(
        "there is no metric '\(metric)'; those of this run are "
          + "\(MetricRecord.sorted(record.metrics.keys).joined(separator: ", ")).")
    }
    return value
  }
}
