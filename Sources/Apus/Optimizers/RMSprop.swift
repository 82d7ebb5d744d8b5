/// RMSprop (Hinton, 2012; centered: Graves, 2013); the numbers are those of PyTorch's `RMSprop`.
public struct RMSprop: ParameterOptimizer {
  public let learningRate: Schedule
  public let alpha: Double
  public let epsilon: Double
  public let weightDecay: Double
  public let momentum: Schedule
  public let isCentered: Bool

  public init(
    learningRate: Schedule = 1e-2, alpha: Double = 0.99, epsilon: Double = 1e-8,
    weightDecay: Double = 0, momentum: Schedule = 0, centered: Bool = false
  ) {
    self.learningRate = learningRate
    self.alpha = alpha
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.momentum = momentum
    isCentered = centered
  }

  public func numbers(step: Int) -> [Double] { [learningRate(step), momentum(step)] }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    var state = ["square_avg": parameter.zerosLike()]
    if !momentum.isZero { state["momentum_buffer"] = parameter.zerosLike() }
    if isCentered { state["grad_avg"] = parameter.zerosLike() }
    return state
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let gradient = decayed(gradient, parameter, weightDecay)
    let square = averagedSquare(state["square_avg"]!, gradient, alpha)
    var next = ["square_avg": square]
    var variance = square
    if let average = state["grad_avg"] {
      let mean = lerp(average, gradient, Tensor(1 - alpha))
      variance = square - mean * mean
      next["grad_avg"] = mean
    }
    var direction = gradient / (sqrt(variance) + Tensor(epsilon))
    if let velocity = state["momentum_buffer"] {
      direction = velocity * numbers[1] + direction
      next["momentum_buffer"] = direction
    }
    return (parameter - numbers[0] * direction, next)
  }
}
