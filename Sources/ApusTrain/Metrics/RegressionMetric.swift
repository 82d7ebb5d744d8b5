/// A figure of the errors of numbers, in constant memory.
public struct RegressionMetric: Metric {
  public enum Kind: String, CaseIterable, Sendable {
    /// The mean absolute error.
    case mae
    /// The mean squared error.
    case mse
    /// Its root.
    case rmse
    /// The share of the targets' variance that is explained, at most 1: the coefficient of determination.
    /// Where all targets are equal, 1 without an error and else 0, as in scikit-learn.
    case r2
  }

  public let kind: Kind
  private var count = 0
  private var absolute = 0.0
  private var squared = 0.0
  /// Of the targets; their squares would lose the digits of the variance.
  private var mean = 0.0
  private var squaredDistances = 0.0

  public init(_ kind: Kind) { self.kind = kind }

  public var name: String { kind.rawValue }

  public var value: Double {
    if count == 0 { return .nan }
    switch kind {
    case .mae: return absolute / Double(count)
    case .mse: return squared / Double(count)
    case .rmse: return (squared / Double(count)).squareRoot()
    case .r2:
      if count < 2 { return .nan }
      if squaredDistances == 0 { return squared == 0 ? 1 : 0 }
      return 1 - squared / squaredDistances
    }
  }

  public mutating func update(_ predictions: [Double], _ targets: [Double]) throws(MetricError) {
    try checkCounts(predictions.count, targets.count, name)
    for (prediction, target) in zip(predictions, targets) {
      let error = prediction - target
      absolute += Swift.abs(error)
      squared += error * error
      count += 1
      // Welford (1962).
      let distance = target - mean
      mean += distance / Double(count)
      squaredDistances += distance * (target - mean)
    }
  }

  public mutating func merge(_ other: RegressionMetric) {
    if other.count == 0 { return }
    // Chan et al. (1979).
    let (n, m) = (Double(count), Double(other.count))
    let distance = other.mean - mean
    squaredDistances += other.squaredDistances + distance * distance * n * m / (n + m)
    mean += distance * m / (n + m)
    count += other.count
    absolute += other.absolute
    squared += other.squared
  }
}
