/// Adam with the greatest gradient in place of the second moment (Kingma and Ba, 2015, section 7.1);
/// the numbers are those of PyTorch's `Adamax`.
public struct Adamax: ParameterOptimizer {
  public let learningRate: Schedule
  public let beta1: Double
  public let beta2: Double
  public let epsilon: Double
  public let weightDecay: Double

  public init(
    learningRate: Schedule = 2e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// The learning rate over the bias correction.
  public func numbers(step: Int) -> [Double] { [learningRate(step) / beta1.biasCorrection(step: step)] }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    ["exp_avg": parameter.zerosLike(), "exp_inf": parameter.zerosLike()]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let gradient = decayed(gradient, parameter, weightDecay)
    let mean = lerp(state["exp_avg"]!, gradient, Tensor(1 - beta1))
    let greatest = maximum(state["exp_inf"]! * Tensor(beta2), abs(gradient) + Tensor(epsilon))
    return (parameter - numbers[0] * (mean / greatest), ["exp_avg": mean, "exp_inf": greatest])
  }
}
