/// Averaged stochastic gradient descent (Polyak and Juditsky, 1992; Bottou, 2012); the numbers are those
/// of PyTorch's `ASGD`, but that a schedule acts at once, there one step later.
///
/// The averages are `step.averagedParameters`; until step `start` they are the parameters.
public struct ASGD: ParameterOptimizer {
  static let average = "ax"
  public let learningRate: Schedule
  /// The decay of the weights and of the learning rate.
  public let lambda: Double
  public let alpha: Double
  /// The step at which averaging begins.
  public let start: Double
  public let weightDecay: Double

  public init(
    learningRate: Schedule = 1e-2, lambda: Double = 1e-4, alpha: Double = 0.75, start: Double = 1e6,
    weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.lambda = lambda
    self.alpha = alpha
    self.start = start
    self.weightDecay = weightDecay
  }

  /// The decayed learning rate; the factor of the decay; the share of the new weights in the average.
  public func numbers(step: Int) -> [Double] {
    let rate = learningRate(step)
    let count = Double(step)
    let eta = rate / (1 + lambda * rate * count).raised(to: alpha)
    return [eta, 1 - lambda * eta, 1 / Swift.max(1, count - start)]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    [ASGD.average: parameter.zerosLike()]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let gradient = decayed(gradient, parameter, weightDecay)
    let next = parameter * numbers[1] - numbers[0] * gradient
    let moved = lerp(state[ASGD.average]!, next, numbers[2])
    return (next, [ASGD.average: Tensor.where(numbers[2] .== 1, next, moved)])
  }
}
