/// Adam with Nesterov's momentum (Dozat, 2016); the numbers are those of PyTorch's `NAdam`.
public struct NAdam: ParameterOptimizer {
  public let learningRate: Schedule
  public let beta1: Double
  public let beta2: Double
  public let epsilon: Double
  public let weightDecay: Double
  public let momentumDecay: Double
  public let isDecoupled: Bool

  public init(
    learningRate: Schedule = 2e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0, momentumDecay: Double = 4e-3,
    decoupledWeightDecay: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.momentumDecay = momentumDecay
    isDecoupled = decoupledWeightDecay
  }

  private func momentum(step: Int) -> Double {
    let decay = 0.96.raised(to: Double(step + 1) * momentumDecay)
    return beta1 * (1 - 0.5 * decay)
  }

  /// Momentum of this step and of the next; learning rate; root of the second bias correction; the
  /// factor of decoupled decay.
  public func numbers(step: Int) -> [Double] {
    let rate = learningRate(step)
    return [
      momentum(step: step), momentum(step: step + 1), rate,
      beta2.biasCorrection(step: step).squareRoot(), 1 - rate * weightDecay,
    ]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    [
      "exp_avg": parameter.zerosLike(), "exp_avg_sq": parameter.zerosLike(),
      "mu_product": .ones([], dtype: parameter.dtype.accumulator),
    ]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let start = isDecoupled && weightDecay != 0 ? parameter * numbers[4] : parameter
    let gradient = decayed(gradient, parameter, isDecoupled ? 0 : weightDecay)
    let (momentum, following, rate) = (numbers[0], numbers[1], numbers[2])
    let product = state["mu_product"]! * momentum.to(parameter.dtype.accumulator)
    let seen = product.to(parameter.dtype)
    let mean = lerp(state["exp_avg"]!, gradient, Tensor(1 - beta1))
    let square = averagedSquare(state["exp_avg_sq"]!, gradient, beta2)
    let divisor = sqrt(square) / numbers[3] + Tensor(epsilon)
    let now = rate * (1 - momentum) / (1 - seen)
    let ahead = rate * following / (1 - seen * following)
    let next = start - (now * gradient + ahead * mean) / divisor
    return (next, ["exp_avg": mean, "exp_avg_sq": square, "mu_product": product])
  }
}
