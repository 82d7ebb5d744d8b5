#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Adam (Kingma and Ba, 2015); the numbers are those of PyTorch's `Adam`. Weight decay is added to
/// the gradient; see `AdamW` for the decoupled one.
public struct Adam: Optimizer {
  public let learningRate: Schedule
  public let beta1: Double
  public let beta2: Double
  public let epsilon: Double
  public let weightDecay: Double
  let isDecoupled: Bool

  public init(
    learningRate: Schedule = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0
  ) {
    self.init(learningRate, beta1, beta2, epsilon, weightDecay, isDecoupled: false)
  }

  init(
    _ learningRate: Schedule, _ beta1: Double, _ beta2: Double, _ epsilon: Double,
    _ weightDecay: Double, isDecoupled: Bool
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.isDecoupled = isDecoupled
  }

  /// Learning rate over the first bias correction; root of the second; the factor of decoupled decay.
  public func numbers(step: Int) -> [Double] {
    let rate = learningRate(step)
    let count = Double(step + 1)
    return [
      rate / (1 - pow(beta1, count)), (1 - pow(beta2, count)).squareRoot(), 1 - rate * weightDecay,
    ]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    ["exp_avg": parameter.zerosLike(), "exp_avg_sq": parameter.zerosLike()]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    var start = parameter
    var gradient = gradient
    if weightDecay != 0 {
      if isDecoupled {
        start = start * numbers[2]
      } else {
        gradient = gradient + parameter * Tensor(weightDecay)
      }
    }
    let mean = lerp(state["exp_avg"]!, gradient, Tensor(1 - beta1))
    let decayed = state["exp_avg_sq"]! * Tensor(beta2)
    let square = decayed + gradient * gradient * Tensor(1 - beta2)
    let divisor = sqrt(square) / numbers[1] + Tensor(epsilon)
    let next = start - numbers[0] * (mean / divisor)
    return (next, ["exp_avg": mean, "exp_avg_sq": square])
  }
}

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019); the numbers are those of
/// PyTorch's `AdamW`.
public struct AdamW: Optimizer {
  private let adam: Adam

  public init(
    learningRate: Schedule = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 1e-2
  ) {
    adam = Adam(learningRate, beta1, beta2, epsilon, weightDecay, isDecoupled: true)
  }

  public var learningRate: Schedule { adam.learningRate }
  public var weightDecay: Double { adam.weightDecay }
  public func numbers(step: Int) -> [Double] { adam.numbers(step: step) }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    adam.initialState(of: parameter)
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    adam.updated(parameter, gradient: gradient, state: state, numbers: numbers)
  }
}
