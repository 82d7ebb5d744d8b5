import Apus

/// A series cut into pairs of a past and what follows it: `x` is `f32[history, channel]`,
/// `y` `f32[horizon, channel]`.
///
/// The windows slide over `forecasts`, the moments to be forecast; the past of the first of them lies before
/// the range where the series has it. So the parts for training, validation and test are three ranges of one
/// series, and no moment is forecast in two of them.
public struct Windows: Dataset {
  public let series: Series
  /// Moments of the past that a forecast sees.
  public let history: Int
  /// Moments that are forecast.
  public let horizon: Int
  /// Moments from one window to the next.
  public let stride: Int
  public let count: Int
  /// Where the first window's forecast begins.
  private let first: Int

  /// - Parameter forecasts: the moments that may be forecast; all if left out. What does not fit a whole
  ///   window is left out, so that there may be none.
  public init(
    _ series: Series, history: Int, horizon: Int, stride: Int = 1, forecasts: Range<Int>? = nil
  ) {
    precondition(history > 0 && horizon > 0 && stride > 0, "history, horizon and stride are positive")
    let range = forecasts ?? 0..<series.count
    precondition(
      range.lowerBound >= 0 && range.upperBound <= series.count,
      "the moments \(range) are not all in a series of \(series.count)")
    self.series = series
    self.history = history
    self.horizon = horizon
    self.stride = stride
    first = max(range.lowerBound, history)
    let room = range.upperBound - horizon - first
    count = room < 0 ? 0 : room / stride + 1
  }

  /// The moment at which the forecast of a window begins.
  public func start(of index: Int) -> Int { first + index * stride }

  public subscript(index: Int) -> (x: Tensor, y: Tensor) {
    let batch = batch([index])
    return (batch.x.squeezed(0), batch.y.squeezed(0))
  }

  /// Several windows: `x` `f32[batch, history, channel]`, `y` `f32[batch, horizon, channel]`.
  public func batch(_ indices: [Int]) -> Batch {
    var past: [Float] = []
    var future: [Float] = []
    let width = series.channelCount
    past.reserveCapacity(indices.count * history * width)
    future.reserveCapacity(indices.count * horizon * width)
    for index in indices {
      precondition((0..<count).contains(index), "there is no window \(index) of \(count)")
      let start = start(of: index)
      past += series.values[(start - history) * width..<start * width]
      future += series.values[start * width..<(start + horizon) * width]
    }
    return Batch(
      x: Tensor(past, shape: [indices.count, history, width]),
      y: Tensor(future, shape: [indices.count, horizon, width]))
  }

  /// Batches of windows for training.
  public func loader(batchSize: Int, seed: UInt64 = 0) -> Loader<Batch> {
    Loader(sampleCount: count, batchSize: batchSize, seed: seed) { batch($0.indices) }
  }
}
