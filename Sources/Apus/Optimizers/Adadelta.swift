/// Adadelta (Zeiler, 2012); the numbers are those of PyTorch's `Adadelta`.
public struct Adadelta: ParameterOptimizer {
  public let learningRate: Schedule
  public let rho: Double
  public let epsilon: Double
  public let weightDecay: Double

  public init(
    learningRate: Schedule = 1, rho: Double = 0.9, epsilon: Double = 1e-6, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.rho = rho
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  public func numbers(step: Int) -> [Double] { [learningRate(step)] }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    ["square_avg": parameter.zerosLike(), "acc_delta": parameter.zerosLike()]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let gradient = decayed(gradient, parameter, weightDecay)
    let square = averagedSquare(state["square_avg"]!, gradient, rho)
    let previous = state["acc_delta"]!
    let ratio = sqrt(previous + Tensor(epsilon)) / sqrt(square + Tensor(epsilon))
    let delta = ratio * gradient
    let next = averagedSquare(previous, delta, rho)
    return (parameter - numbers[0] * delta, ["square_avg": square, "acc_delta": next])
  }
}
