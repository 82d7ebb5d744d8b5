/// Lion, steps of one size in the direction of a sign (Chen et al., 2023), with decoupled weight
/// decay. PyTorch has none; names and formula are the paper's.
public struct Lion: ParameterOptimizer {
  public let learningRate: Schedule
  public let beta1: Double
  public let beta2: Double
  public let weightDecay: Double

  public init(
    learningRate: Schedule = 1e-4, beta1: Double = 0.9, beta2: Double = 0.99,
    weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.weightDecay = weightDecay
  }

  /// Learning rate; the factor of the decay.
  public func numbers(step: Int) -> [Double] {
    let rate = learningRate(step)
    return [rate, 1 - rate * weightDecay]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    ["exp_avg": parameter.zerosLike()]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let mean = state["exp_avg"]!
    let direction = sign(mean * Tensor(beta1) + gradient * Tensor(1 - beta1))
    let start = weightDecay == 0 ? parameter : parameter * numbers[1]
    let next = mean * Tensor(beta2) + gradient * Tensor(1 - beta2)
    return (start - numbers[0] * direction, ["exp_avg": next])
  }
}
