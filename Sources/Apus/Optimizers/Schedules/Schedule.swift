/// A number, such as a learning rate, as a pure function of the number of steps taken before, from 0.
///
/// A number in the source is a constant schedule. The names and curves are those of PyTorch's
/// `lr_scheduler`, one call of which is one step here; see `Docs/Optimizers.md`.
public struct Schedule: Sendable {
  private let rate: @Sendable (_ step: Int) -> Double
  /// The value of a constant schedule.
  let constant: Double?

  public init(_ rate: @escaping @Sendable (_ step: Int) -> Double) {
    self.rate = rate
    constant = nil
  }

  private init(constant: Double) {
    rate = { _ in constant }
    self.constant = constant
  }

  public func callAsFunction(_ step: Int) -> Double { rate(step) }

  /// Whether it is 0 for ever, so that nothing need be computed with it.
  var isZero: Bool { constant == 0 }

  public static func constant(_ rate: Double) -> Schedule { Schedule(constant: rate) }
}

extension Schedule: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public init(floatLiteral value: Double) { self = .constant(value) }
  public init(integerLiteral value: Int) { self = .constant(Double(value)) }
}

// MARK: - Decay

extension Schedule {
  /// Multiplied by `factor` after each `period` steps (`StepLR`).
  public static func stepped(_ rate: Double, every period: Int, by factor: Double) -> Schedule {
    Schedule { step in rate * factor.raised(to: Double(step / Swift.max(period, 1))) }
  }

  /// Multiplied by `factor` at each of the milestones (`MultiStepLR`).
  public static func multiStep(_ rate: Double, at milestones: [Int], by factor: Double) -> Schedule {
    Schedule { step in
      rate * factor.raised(to: Double(milestones.count { $0 <= step }))
    }
  }

  /// Multiplied by `factor` after each step (`ExponentialLR`).
  public static func exponential(_ rate: Double, by factor: Double) -> Schedule {
    Schedule { step in rate * factor.raised(to: Double(step)) }
  }

  /// From `rate` to `final` in `total` steps as a power of what is left of them, then `final`
  /// (`PolynomialLR`).
  public static func polynomial(
    _ rate: Double, total: Int, power: Double = 1, final: Double = 0
  ) -> Schedule {
    Schedule { step in
      let left = 1 - Swift.min(1, Double(step) / Double(Swift.max(total, 1)))
      return final + (rate - final) * left.raised(to: power)
    }
  }

  /// Evenly from `first` to `final` over `total` steps, then `final` (`LinearLR`).
  public static func linear(from first: Double, to final: Double, total: Int) -> Schedule {
    Schedule { step in
      let progress = Swift.min(1, Double(step) / Double(Swift.max(total, 1)))
      return first + (final - first) * progress
    }
  }

  /// One value for `total` steps, then another (`ConstantLR`).
  public static func held(_ first: Double, for total: Int, then final: Double) -> Schedule {
    Schedule { step in step < total ? first : final }
  }
}

// MARK: - Composition

extension Schedule {
  /// One schedule after the other, each from its own step 0: the next begins at each milestone
  /// (`SequentialLR`).
  public static func sequential(_ schedules: [Schedule], milestones: [Int]) -> Schedule {
    let isOrdered = zip(milestones, milestones.dropFirst()).allSatisfy { $0 < $1 }
    guard
      check(
        schedules.count == milestones.count + 1 && isOrdered, .argument, "Schedule.sequential",
        "\(schedules.count) schedules need one milestone less, ascending, not \(milestones)")
    else { return 0 }
    return Schedule { step in
      let index = milestones.count { $0 <= step }
      return schedules[index](index == 0 ? step : step - milestones[index - 1])
    }
  }

  /// Evenly up in the first `steps` steps (the first has 1 / steps of where `next` begins), then
  /// `next` from its step 0.
  public static func warmup(_ steps: Int, then next: Schedule) -> Schedule {
    Schedule { step in
      step < steps ? next(0) * Double(step + 1) / Double(steps) : next(step - steps)
    }
  }

  /// The products of both.
  public static func * (a: Schedule, b: Schedule) -> Schedule {
    if let x = a.constant, let y = b.constant { return .constant(x * y) }
    return Schedule { a($0) * b($0) }
  }

  /// This schedule stretched: each of its values holds for `steps` steps, for instance an epoch.
  public func holding(for steps: Int) -> Schedule {
    Schedule { step in self(step / Swift.max(steps, 1)) }
  }
}
