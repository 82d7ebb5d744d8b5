/// Adam with its variance rectified, so that it needs no warm-up (Liu et al., 2020); the numbers are
/// those of PyTorch's `RAdam`.
public struct RAdam: ParameterOptimizer {
  public let learningRate: Schedule
  public let beta1: Double
  public let beta2: Double
  public let epsilon: Double
  public let weightDecay: Double
  public let isDecoupled: Bool

  public init(
    learningRate: Schedule = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0, decoupledWeightDecay: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    isDecoupled = decoupledWeightDecay
  }

  /// Learning rate over the first bias correction; rectification times the root of the second, 0
  /// while the variance is not tractable; the factor of decoupled decay.
  public func numbers(step: Int) -> [Double] {
    let rate = learningRate(step)
    let correction = beta2.biasCorrection(step: step)
    let limit = 2 / (1 - beta2) - 1
    let length = limit - 2 * Double(step + 1) * (1 - correction) / correction
    var factor = 0.0
    if length > 5 {
      let above = (length - 4) * (length - 2) * limit
      let below = (limit - 4) * (limit - 2) * length
      factor = (above / below * correction).squareRoot()
    }
    return [rate / beta1.biasCorrection(step: step), factor, 1 - rate * weightDecay]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    ["exp_avg": parameter.zerosLike(), "exp_avg_sq": parameter.zerosLike()]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let start = isDecoupled && weightDecay != 0 ? parameter * numbers[2] : parameter
    let gradient = decayed(gradient, parameter, isDecoupled ? 0 : weightDecay)
    let mean = lerp(state["exp_avg"]!, gradient, Tensor(1 - beta1))
    let square = averagedSquare(state["exp_avg_sq"]!, gradient, beta2)
    let adapted = numbers[1] / (sqrt(square) + Tensor(epsilon))
    let factor = Tensor.where(numbers[1] .> 0, adapted, 1)
    return (start - numbers[0] * mean * factor, ["exp_avg": mean, "exp_avg_sq": square])
  }
}
