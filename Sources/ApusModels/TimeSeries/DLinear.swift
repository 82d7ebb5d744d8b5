import Apus

/// A forecast that is linear in the past: a moving average (the trend) and what is left (the seasons) have a
/// matrix each, which all channels share (Zeng et al., 2023).
///
/// Input: `[batch, history, channel]`. Output: `[batch, horizon, channel]`.
/// Parameters: `Linear_Seasonal` and `Linear_Trend`, as in the paper's own code.
public struct DLinear: Layer {
  public let history: Int
  public let horizon: Int
  private let window: Int
  private let seasonal: Linear
  private let trend: Linear

  /// - Parameter window: moments of the moving average, an odd number.
  public init(_ scope: Scope, history: Int, horizon: Int, window: Int = 25) {
    check(
      window > 0 && window % 2 == 1, .argument, "DLinear", "the moving average of \(window) moments has no middle",
      hint: "use an odd number.")
    self.history = history
    self.horizon = horizon
    self.window = max(window, 1)
    // Both begin as the mean of the past, so that training starts from a forecast that makes sense.
    let mean = Initializer.constant(1 / Double(max(history, 1)))
    seasonal = Linear((scope / "Linear_Seasonal").with(weightInitializer: mean), history, horizon)
    trend = Linear((scope / "Linear_Trend").with(weightInitializer: mean), history, horizon)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard
      check(
        x.rank == 3 && x.shape[1] == history, .shape, "DLinear",
        "needs [batch, \(history), channel], got \(x.shape)", hint: "cut windows of the model's history.")
    else { return .zeros([x.shape.first ?? 1, horizon, x.shape.last ?? 1]) }
    let half = window / 2
    let average = averagePool1D(
      x.padded([(0, 0), (half, half), (0, 0)], .replicate), PerAxis(window), stride: 1)
    let forecast = seasonal((x - average).transposed(1, 2)) + trend(average.transposed(1, 2))
    return forecast.transposed(1, 2)
  }
}

/// The forecast that the last season comes again: what any other one has to be better than.
///
/// Input: `[batch, history, channel]` with at least one season of history. Output: `[batch, horizon, channel]`.
public struct SeasonalNaive: Sendable {
  /// Moments of a season, such as 24 for days of hours.
  public let season: Int
  public let horizon: Int

  public init(season: Int, horizon: Int) {
    self.season = season
    self.horizon = horizon
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let history = x.rank == 3 ? x.shape[1] : 0
    guard
      check(
        season > 0 && history >= season, .shape, "SeasonalNaive",
        "needs [batch, at least \(season), channel], got \(x.shape)", hint: "take a longer history.")
    else { return .zeros([x.shape.first ?? 1, horizon, x.shape.last ?? 1]) }
    let places = (0..<horizon).map { Int64(history - season + $0 % season) }
    return x.take(Tensor(places), axis: 1)
  }
}
