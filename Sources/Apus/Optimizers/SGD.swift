/// Stochastic gradient descent with momentum; the numbers are those of PyTorch's `SGD`.
public struct SGD: Optimizer {
  public let learningRate: Schedule
  public let momentum: Double
  public let dampening: Double
  public let weightDecay: Double
  public let isNesterov: Bool

  public init(
    learningRate: Schedule = 1e-3, momentum: Double = 0, dampening: Double = 0,
    weightDecay: Double = 0, nesterov: Bool = false
  ) {
    check(
      !nesterov || (momentum > 0 && dampening == 0), .argument, "SGD",
      "Nesterov's method needs a momentum and no dampening")
    self.learningRate = learningRate
    self.momentum = momentum
    self.dampening = dampening
    self.weightDecay = weightDecay
    isNesterov = nesterov
  }

  /// Learning rate; what of the gradient enters the momentum (the first one enters whole).
  public func numbers(step: Int) -> [Double] {
    [learningRate(step), step == 0 ? 1 : 1 - dampening]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    momentum == 0 ? [:] : ["momentum_buffer": parameter.zerosLike()]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let rate = numbers[0]
    var direction = gradient
    if weightDecay != 0 { direction = direction + parameter * Tensor(weightDecay) }
    guard let velocity = state["momentum_buffer"] else {
      return (parameter - rate * direction, [:])
    }
    let entering = dampening == 0 ? direction : direction * numbers[1]
    let next = velocity * Tensor(momentum) + entering
    direction = isNesterov ? direction + next * Tensor(momentum) : next
    return (parameter - rate * direction, ["momentum_buffer": next])
  }
}
