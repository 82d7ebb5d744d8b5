#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Schedules made of waves.
extension Schedule {
  /// Half a cosine wave from `first` to `final` as `progress` goes from 0 to 1.
  static func wave(_ first: Double, _ final: Double, _ progress: Double) -> Double {
    final + (first - final) * 0.5 * (1 + cos(Double.pi * progress))
  }

  /// From `peak` down to `final` along half a cosine wave over `total` steps, then `final`
  /// (`CosineAnnealingLR`, which would rise again after `T_max`).
  public static func cosine(_ peak: Double, total: Int, final: Double = 0) -> Schedule {
    Schedule { step in
      wave(peak, final, Swift.min(1, Double(step) / Double(Swift.max(total, 1))))
    }
  }

  /// Evenly up to `peak` in the first `warmup` steps (the first has peak / warmup), then along half
  /// a cosine wave down to `final` at step `total`.
  public static func warmupCosine(
    _ peak: Double, warmup: Int, total: Int, final: Double = 0
  ) -> Schedule {
    .warmup(warmup, then: .cosine(peak, total: total - warmup, final: final))
  }

  /// Half cosine waves from `peak` to `final`, the first `period` steps long, each next one `factor`
  /// times as long (`CosineAnnealingWarmRestarts`; Loshchilov and Hutter, 2017).
  public static func cosineRestarts(
    _ peak: Double, period: Int, factor: Int = 1, final: Double = 0
  ) -> Schedule {
    guard
      check(
        period > 0 && factor > 0, .argument, "Schedule.cosineRestarts",
        "the period \(period) and the factor \(factor) must be positive")
    else { return .constant(peak) }
    return Schedule { step in
      var (length, place) = (period, step)
      if factor == 1 { place %= period }
      while place >= length {
        place -= length
        length *= factor
      }
      return wave(peak, final, Double(place) / Double(length))
    }
  }

  /// Between `low` and `high` in straight lines, `up` steps up and `down` steps down (`CyclicLR`;
  /// Smith, 2017).
  public static func triangular(
    from low: Double, to high: Double, up: Int, down: Int? = nil
  ) -> Schedule {
    let down = down ?? up
    guard
      check(
        up > 0 && down > 0, .argument, "Schedule.triangular",
        "\(up) steps up and \(down) steps down must be positive")
    else { return .constant(low) }
    return Schedule { step in
      let place = step % (up + down)
      let share =
        place < up ? Double(place) / Double(up) : Double(up + down - place) / Double(down)
      return low + (high - low) * share
    }
  }
}

/// Up to a high learning rate and down to almost nothing, the momentum the other way round
/// (`OneCycleLR`; Smith and Topin, 2018).
///
/// ```swift
/// let cycle = OneCycle(maximum: 0.1, total: 1_000)
/// let optimizer = SGD(learningRate: cycle.learningRate, momentum: cycle.momentum)
/// ```
public struct OneCycle: Sendable {
  public enum Annealing: Sendable { case cosine, linear }

  /// After the last step both stay.
  public let learningRate: Schedule
  /// For `momentum` or `beta1` of an optimizer.
  public let momentum: Schedule

  /// - Parameters:
  ///   - warmup: the share of the steps on the way up (`pct_start`).
  ///   - divisor: maximum over first learning rate (`div_factor`).
  ///   - finalDivisor: first over last learning rate (`final_div_factor`).
  public init(
    maximum: Double, total: Int, warmup: Double = 0.3, annealing: Annealing = .cosine,
    momentum: ClosedRange<Double> = 0.85...0.95, divisor: Double = 25, finalDivisor: Double = 1e4,
    threePhase: Bool = false
  ) {
    check(
      total > 0 && (0...1).contains(warmup), .argument, "OneCycle",
      "\(total) steps must be positive and the share \(warmup) of the way up in 0...1")
    let (first, last) = (maximum / divisor, maximum / divisor / finalDivisor)
    let (low, high) = (momentum.lowerBound, momentum.upperBound)
    let top = warmup * Double(total) - 1
    let end = Double(total - 1)
    var rates = [(top, first, maximum)]
    var momenta = [(top, high, low)]
    if threePhase {
      rates += [(2 * warmup * Double(total) - 2, maximum, first), (end, first, last)]
      momenta += [(2 * warmup * Double(total) - 2, low, high), (end, high, high)]
    } else {
      rates.append((end, maximum, last))
      momenta.append((end, low, high))
    }
    learningRate = OneCycle.curve(rates, annealing)
    self.momentum = OneCycle.curve(momenta, annealing)
  }

  private static func curve(
    _ pieces: [(end: Double, from: Double, to: Double)], _ annealing: Annealing
  ) -> Schedule {
    Schedule { step in
      var start = 0.0
      for piece in pieces.dropLast() {
        if Double(step) <= piece.end { return value(piece, start, step, annealing) }
        start = piece.end
      }
      return value(pieces[pieces.count - 1], start, step, annealing)
    }
  }

  private static func value(
    _ piece: (end: Double, from: Double, to: Double), _ start: Double, _ step: Int,
    _ annealing: Annealing
  ) -> Double {
    let length = piece.end - start
    let progress = length > 0 ? Swift.min(1, (Double(step) - start) / length) : 1
    switch annealing {
    case .cosine: return Schedule.wave(piece.from, piece.to, progress)
    case .linear: return piece.from + (piece.to - piece.from) * progress
    }
  }
}
