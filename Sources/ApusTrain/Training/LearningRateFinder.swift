import Apus
import ApusData
import Foundation

/// Looks for a learning rate by trying ever larger ones, one a step, until the loss runs away (Smith,
/// 2017, "Cyclical learning rates", section 3.3). The model is afterwards what it was before.
public struct LearningRateFinder: Codable, Hashable, Sendable {
  public var lowest = 1e-7
  public var highest = 10.0
  public var steps = 100
  /// Of the moving average of the loss, without its bias at the start.
  public var smoothing = 0.98
  /// It ends once the average is this many times its smallest value.
  public var divergence = 4.0

  public init(lowest: Double = 1e-7, highest: Double = 10, steps: Int = 100) {
    self.lowest = lowest
    self.highest = highest
    self.steps = steps
  }

  /// The learning rate grows by the same factor each step.
  public var schedule: Schedule {
    let factor = Foundation.pow(highest / lowest, 1 / Double(max(steps - 1, 1)))
    return .exponential(lowest, by: factor)
  }

  /// Tries.
  ///
  /// - Parameter make: a step of its own that uses the given schedule.
  /// - Throws: ``ConfigurationError`` for rates that do not grow, and what step and source throw. The
  ///   values of `store` are restored in any case.
  public func run<Input: TensorStructure>(
    _ store: ParameterStore, source: any BatchSource<Input>,
    _ make: (Schedule) throws -> any TrainingStep<Input>
  ) async throws -> LearningRateCurve {
    guard lowest > 0, highest > lowest, highest.isFinite, steps >= 2 else {
      throw ConfigurationError(
        "the learning rates must grow from above 0 in at least 2 steps; they are \(lowest) to \(highest) in \(steps).")
    }
    let before = store.state
    do {
      let curve = try await ramp(source, try make(schedule))
      try store.load(before)
      return curve
    } catch {
      try store.load(before)
      throw error
    }
  }

  private func ramp<Input: TensorStructure>(
    _ source: any BatchSource<Input>, _ step: any TrainingStep<Input>
  ) async throws -> LearningRateCurve {
    var curve = LearningRateCurve()
    var epoch = 0
    while step.count < steps {
      let count = step.count
      guard try await ramp(source.epoch(epoch), step, &curve) else { break }
      guard step.count > count else { throw TrainingError.noBatches(epoch: epoch + 1) }
      epoch += 1
    }
    return curve
  }

  /// Runs an epoch; returns whether to go on.
  private func ramp<Input: TensorStructure>(
    _ batches: some AsyncSequence<Input, any Error>, _ step: any TrainingStep<Input>,
    _ curve: inout LearningRateCurve
  ) async throws -> Bool {
    for try await batch in batches {
      guard step.count < steps else { return false }
      let rate = step.learningRate
      let loss = try step(batch).item
      guard loss.isFinite else { return false }
      curve.add(rate, loss, smoothing)
      let best = curve.smoothed.min() ?? loss
      if curve.smoothed.count > 10, curve.smoothed.last! > divergence * best { return false }
    }
    return true
  }
}

/// The loss over the learning rate.
public struct LearningRateCurve: Codable, Hashable, Sendable {
  public private(set) var rates: [Double] = []
  public private(set) var losses: [Double] = []
  public private(set) var smoothed: [Double] = []
  private var average = 0.0

  public init() {}

  mutating func add(_ rate: Double, _ loss: Double, _ smoothing: Double) {
    average = smoothing * average + (1 - smoothing) * loss
    rates.append(rate)
    losses.append(loss)
    smoothed.append(average / (1 - Foundation.pow(smoothing, Double(rates.count))))
  }

  /// Where the smoothed loss falls most steeply over the logarithm of the rate, before its smallest
  /// value; nil where it never falls.
  public var suggestion: Double? {
    guard let low = smoothed.indices.min(by: { smoothed[$0] < smoothed[$1] }), low >= 2 else { return nil }
    let slopes = (1..<low).map { index in
      let rise = smoothed[index + 1] - smoothed[index - 1]
      return (index: index, slope: rise / Foundation.log(rates[index + 1] / rates[index - 1]))
    }
    guard let steepest = slopes.min(by: { $0.slope < $1.slope }), steepest.slope < 0 else { return nil }
    return rates[steepest.index]
  }

  var chart: LineChart {
    // What runs away at the end would flatten all before it.
    let limit = 1.5 * (smoothed.prefix(max(smoothed.count / 2, 1)).max() ?? 0)
    func points(_ values: [Double]) -> [LineChart.Point] {
      zip(rates, values).filter { $1 <= limit }.map { .init(x: Foundation.log10($0), y: $1) }
    }
    let name = suggestion.map { ", suggested \(String(format: "%.2g", $0))" } ?? ""
    return LineChart(
      title: "Loss over learning rate\(name)",
      series: [
        .init(name: "loss", style: "a", points: points(losses)),
        .init(name: "smoothed", style: "b", points: points(smoothed)),
      ],
      axis: LineChart.Axis(name: "learning rate") {
        String(format: "%.2g", Foundation.pow(10, $0))
      }, format: short)
  }
}
