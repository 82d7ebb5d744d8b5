/// LAMB, Adam for large batches: each parameter's step is as long as its norm says (You et al.,
/// 2020). PyTorch has none; the formula is the paper's with bias correction, state names are Adam's.
public struct LAMB: ParameterOptimizer {
  public let learningRate: Schedule
  public let beta1: Double
  public let beta2: Double
  public let epsilon: Double
  public let weightDecay: Double

  public init(
    learningRate: Schedule = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-6, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// Learning rate; first bias correction; root of the second.
  public func numbers(step: Int) -> [Double] {
    let second = beta2.biasCorrection(step: step)
    return [learningRate(step), beta1.biasCorrection(step: step), second.squareRoot()]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    ["exp_avg": parameter.zerosLike(), "exp_avg_sq": parameter.zerosLike()]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let mean = lerp(state["exp_avg"]!, gradient, Tensor(1 - beta1))
    let square = averagedSquare(state["exp_avg_sq"]!, gradient, beta2)
    let divisor = sqrt(square) / numbers[2] + Tensor(epsilon)
    let adapted = mean / numbers[1] / divisor
    let direction = decayed(adapted, parameter, weightDecay)
    let (length, step) = (parameter.norm(), direction.norm())
    let isUsable = (length .> 0) & (step .> 0)
    let trust = Tensor.where(isUsable, length / step, 1)
    let next = parameter - numbers[0] * trust * direction
    return (next, ["exp_avg": mean, "exp_avg_sq": square])
  }
}
