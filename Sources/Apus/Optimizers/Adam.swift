/// Adam (Kingma and Ba, 2015); the numbers are those of PyTorch's `Adam`. Weight decay is added to
/// the gradient; see `AdamW` for the decoupled one. `amsgrad` divides by the greatest second moment
/// so far (Reddi et al., 2018).
public struct Adam: ParameterOptimizer {
  public let learningRate: Schedule
  /// A schedule for one-cycle training (see `OneCycle`); usually a constant.
  public let beta1: Schedule
  public let beta2: Double
  public let epsilon: Double
  public let weightDecay: Double
  public let isAMSGrad: Bool
  let isDecoupled: Bool

  public init(
    learningRate: Schedule = 1e-3, beta1: Schedule = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0, amsgrad: Bool = false
  ) {
    self.init(learningRate, beta1, beta2, epsilon, weightDecay, amsgrad, isDecoupled: false)
  }

  init(
    _ learningRate: Schedule, _ beta1: Schedule, _ beta2: Double, _ epsilon: Double,
    _ weightDecay: Double, _ isAMSGrad: Bool, isDecoupled: Bool
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.isAMSGrad = isAMSGrad
    self.isDecoupled = isDecoupled
  }

  /// Learning rate over the first bias correction; root of the second; the factor of decoupled decay;
  /// what of the gradient enters its average.
  public func numbers(step: Int) -> [Double] {
    let rate = learningRate(step)
    let beta1 = beta1(step)
    return [
      rate / beta1.biasCorrection(step: step), beta2.biasCorrection(step: step).squareRoot(),
      1 - rate * weightDecay, 1 - beta1,
    ]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    var state = ["exp_avg": parameter.zerosLike(), "exp_avg_sq": parameter.zerosLike()]
    if isAMSGrad { state["max_exp_avg_sq"] = parameter.zerosLike() }
    return state
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let start = isDecoupled && weightDecay != 0 ? parameter * numbers[2] : parameter
    let gradient = decayed(gradient, parameter, isDecoupled ? 0 : weightDecay)
    let mean = lerp(state["exp_avg"]!, gradient, numbers[3])
    let square = averagedSquare(state["exp_avg_sq"]!, gradient, beta2)
    var next = ["exp_avg": mean, "exp_avg_sq": square]
    var greatest = square
    if let old = state["max_exp_avg_sq"] {
      greatest = maximum(old, square)
      next["max_exp_avg_sq"] = greatest
    }
    let divisor = sqrt(greatest) / numbers[1] + Tensor(epsilon)
    return (start - numbers[0] * (mean / divisor), next)
  }
}

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019); the numbers are those of
/// PyTorch's `AdamW`.
public struct AdamW: ParameterOptimizer {
  private let adam: Adam

  public init(
    learningRate: Schedule = 1e-3, beta1: Schedule = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 1e-2, amsgrad: Bool = false
  ) {
    adam = Adam(learningRate, beta1, beta2, epsilon, weightDecay, amsgrad, isDecoupled: true)
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
