/// Stochastic gradient descent with momentum; the numbers are those of PyTorch's `SGD`.
///
/// The momentum may be a schedule (see `OneCycle`); a constant 0 keeps no state.
public struct SGD: ParameterOptimizer {
  public let learningRate: Schedule
  public let momentum: Schedule
  public let dampening: Double
  public let weightDecay: Double
  public let isNesterov: Bool

  public init(
    learningRate: Schedule = 1e-3, momentum: Schedule = 0, dampening: Double = 0,
    weightDecay: Double = 0, nesterov: Bool = false
  ) {
    check(
      !nesterov || (!momentum.isZero && dampening == 0), .argument, "SGD",
      "Nesterov's method needs a momentum and no dampening")
    self.learningRate = learningRate
    self.momentum = momentum
    self.dampening = dampening
    self.weightDecay = weightDecay
    isNesterov = nesterov
  }

  public var updatesRows: Bool { momentum.isZero && weightDecay == 0 }

  /// Learning rate; what of the gradient enters the momentum (the first one enters whole); momentum.
  public func numbers(step: Int) -> [Double] {
    [learningRate(step), step == 0 ? 1 : 1 - dampening, momentum(step)]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    momentum.isZero ? [:] : ["momentum_buffer": parameter.zerosLike()]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let rate = numbers[0]
    var direction = decayed(gradient, parameter, weightDecay)
    guard let velocity = state["momentum_buffer"] else {
      return (parameter - rate * direction, [:])
    }
    let entering = dampening == 0 ? direction : direction * numbers[1]
    let next = velocity * numbers[2] + entering
    direction = isNesterov ? direction + next * numbers[2] : next
    return (parameter - rate * direction, ["momentum_buffer": next])
  }
}
