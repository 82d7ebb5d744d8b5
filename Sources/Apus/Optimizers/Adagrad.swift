/// AdaGrad (Duchi et al., 2011); the numbers are those of PyTorch's `Adagrad`.
public struct Adagrad: ParameterOptimizer {
  public let learningRate: Schedule
  public let learningRateDecay: Double
  public let weightDecay: Double
  public let initialAccumulator: Double
  public let epsilon: Double

  public init(
    learningRate: Schedule = 1e-2, learningRateDecay: Double = 0, weightDecay: Double = 0,
    initialAccumulator: Double = 0, epsilon: Double = 1e-10
  ) {
    self.learningRate = learningRate
    self.learningRateDecay = learningRateDecay
    self.weightDecay = weightDecay
    self.initialAccumulator = initialAccumulator
    self.epsilon = epsilon
  }

  public var updatesRows: Bool { weightDecay == 0 }

  /// The learning rate after its own decay.
  public func numbers(step: Int) -> [Double] {
    [learningRate(step) / (1 + Double(step) * learningRateDecay)]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    ["sum": parameter.filledLike(initialAccumulator)]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let gradient = decayed(gradient, parameter, weightDecay)
    let sum = state["sum"]! + gradient * gradient
    let direction = gradient / (sqrt(sum) + Tensor(epsilon))
    return (parameter - numbers[0] * direction, ["sum": sum])
  }
}
