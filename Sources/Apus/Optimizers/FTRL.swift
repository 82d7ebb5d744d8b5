/// Follow the regularised leader (McMahan et al., 2013), for sparse linear models: with `l1` weights
/// become exactly 0. The formula, names and defaults are those of Keras's `Ftrl`.
public struct FTRL: ParameterOptimizer {
  public let learningRate: Schedule
  public let learningRatePower: Double
  public let initialAccumulator: Double
  public let l1: Double
  public let l2: Double
  public let l2Shrinkage: Double
  public let beta: Double

  public init(
    learningRate: Schedule = 1e-3, learningRatePower: Double = -0.5,
    initialAccumulator: Double = 0.1, l1: Double = 0, l2: Double = 0, l2Shrinkage: Double = 0,
    beta: Double = 0
  ) {
    check(
      learningRatePower <= 0 && initialAccumulator >= 0 && l1 >= 0 && l2 >= 0 && l2Shrinkage >= 0,
      .argument, "FTRL",
      "the power \(learningRatePower) must not be positive, and the accumulator "
        + "\(initialAccumulator), l1 \(l1), l2 \(l2) and the shrinkage \(l2Shrinkage) not negative")
    self.learningRate = learningRate
    self.learningRatePower = learningRatePower
    self.initialAccumulator = initialAccumulator
    self.l1 = l1
    self.l2 = l2
    self.l2Shrinkage = l2Shrinkage
    self.beta = beta
  }

  public var updatesRows: Bool { l2Shrinkage == 0 }

  /// The learning rate; twice L2 with what `beta` adds to it.
  public func numbers(step: Int) -> [Double] {
    let rate = learningRate(step)
    return [rate, 2 * (l2 + beta / (2 * rate))]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    ["accumulator": parameter.filledLike(initialAccumulator), "linear": parameter.zerosLike()]
  }

  private func powered(_ x: Tensor) -> Tensor {
    learningRatePower == -0.5 ? sqrt(x) : pow(x, Tensor(-learningRatePower))
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let rate = numbers[0]
    let shrinking = decayed(gradient, parameter, 2 * l2Shrinkage)
    let old = state["accumulator"]!
    let accumulator = old + gradient * gradient
    let root = powered(accumulator)
    let change = (root - powered(old)) / rate
    let linear = state["linear"]! + (shrinking - change * parameter)
    let quadratic = root / rate + numbers[1]
    let clipped = linear.clamped(Tensor(-l1), Tensor(l1))
    let next = (clipped - linear) / quadratic
    return (next, ["accumulator": accumulator, "linear": linear])
  }
}
