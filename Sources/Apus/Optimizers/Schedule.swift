#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A learning rate as a pure function of the number of steps taken before, from 0.
///
/// A number in the source is a constant schedule.
public struct Schedule: Sendable {
  private let rate: @Sendable (_ step: Int) -> Double

  public init(_ rate: @escaping @Sendable (_ step: Int) -> Double) { self.rate = rate }

  public func callAsFunction(_ step: Int) -> Double { rate(step) }

  public static func constant(_ rate: Double) -> Schedule { Schedule { _ in rate } }

  /// From `peak` down to `final` along half a cosine wave over `total` steps, then `final`.
  public static func cosine(_ peak: Double, total: Int, final: Double = 0) -> Schedule {
    Schedule { step in
      let progress = Swift.min(1, Double(step) / Double(Swift.max(total, 1)))
      return final + (peak - final) * 0.5 * (1 + cos(Double.pi * progress))
    }
  }

  /// Evenly up to `peak` in the first `warmup` steps (the first has peak / warmup), then along half
  /// a cosine wave down to `final` at step `total`.
  public static func warmupCosine(
    _ peak: Double, warmup: Int, total: Int, final: Double = 0
  ) -> Schedule {
    let decay = cosine(peak, total: total - warmup, final: final)
    return Schedule { step in
      step < warmup ? peak * Double(step + 1) / Double(warmup) : decay(step - warmup)
    }
  }

  /// Evenly from `first` to `final` over `total` steps, then `final`.
  public static func linear(from first: Double, to final: Double, total: Int) -> Schedule {
    Schedule { step in
      let progress = Swift.min(1, Double(step) / Double(Swift.max(total, 1)))
      return first + (final - first) * progress
    }
  }

  /// Multiplied by `factor` after each `period` steps.
  public static func stepped(_ rate: Double, every period: Int, by factor: Double) -> Schedule {
    Schedule { step in rate * pow(factor, Double(step / Swift.max(period, 1))) }
  }

  /// Multiplied by `factor` after each step.
  public static func exponential(_ rate: Double, by factor: Double) -> Schedule {
    Schedule { step in rate * pow(factor, Double(step)) }
  }
}

extension Schedule: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public init(floatLiteral value: Double) { self = .constant(value) }
  public init(integerLiteral value: Int) { self = .constant(Double(value)) }
}
