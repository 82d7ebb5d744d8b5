/// Adam whose averages change only in the rows that a step has looked up, for embeddings with
/// `sparse: true`; the numbers are those of PyTorch's `SparseAdam`.
public struct SparseAdam: ParameterOptimizer {
  public let learningRate: Schedule
  public let beta1: Double
  public let beta2: Double
  public let epsilon: Double

  public init(
    learningRate: Schedule = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  public var updatesRows: Bool { true }

  /// Learning rate with both bias corrections.
  public func numbers(step: Int) -> [Double] {
    let second = beta2.biasCorrection(step: step).squareRoot()
    return [learningRate(step) * second / beta1.biasCorrection(step: step)]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    ["exp_avg": parameter.zerosLike(), "exp_avg_sq": parameter.zerosLike()]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let mean = lerp(state["exp_avg"]!, gradient, Tensor(1 - beta1))
    let square = lerp(state["exp_avg_sq"]!, gradient * gradient, Tensor(1 - beta2))
    let direction = mean / (sqrt(square) + Tensor(epsilon))
    return (parameter - numbers[0] * direction, ["exp_avg": mean, "exp_avg_sq": square])
  }
}
