import Synchronization

/// Lowers a learning rate when a metric has stopped improving: a pure function of the metric's
/// history. Names, defaults and values are those of PyTorch's `ReduceLROnPlateau`.
public struct Plateau: Sendable {
  public enum Goal: Sendable { case minimum, maximum }
  public enum Threshold: Sendable { case relative(Double), absolute(Double) }

  public var goal: Goal
  public var factor: Double
  /// How many values without improvement are borne.
  public var patience: Int
  /// What counts as an improvement.
  public var threshold: Threshold
  /// How many values after a reduction count for nothing.
  public var cooldown: Int
  public var minimumRate: Double
  /// A smaller reduction than this is left out.
  public var epsilon: Double

  public init(
    _ goal: Goal = .minimum, factor: Double = 0.1, patience: Int = 10,
    threshold: Threshold = .relative(1e-4), cooldown: Int = 0, minimumRate: Double = 0,
    epsilon: Double = 1e-8
  ) {
    check(
      factor < 1 && factor > 0, .argument, "Plateau", "the factor \(factor) must lie between 0 and 1")
    self.goal = goal
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.cooldown = cooldown
    self.minimumRate = minimumRate
    self.epsilon = epsilon
  }

  /// The learning rate after these values of the metric, the oldest first.
  public func rate(_ initial: Double, after history: [Double]) -> Double {
    var rate = initial
    var best = goal == .minimum ? Double.infinity : -Double.infinity
    var (bad, cooling) = (0, 0)
    for value in history {
      if isBetter(value, best) {
        best = value
        bad = 0
      } else {
        bad += 1
      }
      if cooling > 0 {
        cooling -= 1
        bad = 0
      }
      guard bad > patience else { continue }
      let lower = Swift.max(rate * factor, minimumRate)
      if rate - lower > epsilon { rate = lower }
      cooling = cooldown
      bad = 0
    }
    return rate
  }

  private func isBetter(_ value: Double, _ best: Double) -> Bool {
    switch (goal, threshold) {
    case (.minimum, .relative(let share)): value < best * (1 - share)
    case (.minimum, .absolute(let distance)): value < best - distance
    case (.maximum, .relative(let share)): value > best * (1 + share)
    case (.maximum, .absolute(let distance)): value > best + distance
    }
  }
}

/// The values of a metric in the order in which they came. Save `values` with a checkpoint of a
/// training that watches them.
public final class MetricHistory: Sendable {
  private let contents: Mutex<[Double]>

  public init(_ values: [Double] = []) { contents = Mutex(values) }

  public var values: [Double] {
    get { contents.withLock { $0 } }
    set { contents.withLock { $0 = newValue } }
  }

  public func record(_ value: Double) { contents.withLock { $0.append(value) } }
}

extension Schedule {
  /// `rate`, lowered when the metric has stopped improving. It follows the history, not the step.
  public static func plateau(
    _ rate: Double, _ plateau: Plateau = Plateau(), watching history: MetricHistory
  ) -> Schedule {
    Schedule { _ in plateau.rate(rate, after: history.values) }
  }
}
