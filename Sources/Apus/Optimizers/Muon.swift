import ApusIR

/// Muon: momentum made orthogonal by Newton and Schulz's iteration (Jordan, 2024), for matrices only;
/// the numbers are those of PyTorch's `Muon`. Everything else needs another optimizer through
/// `ParameterGroups`.
public struct Muon: ParameterOptimizer {
  /// How the learning rate follows from the shape of a matrix `[rows, columns]`.
  public enum Adjustment: Sendable {
    /// √max(1, rows / columns)
    case original
    /// 0.2 · √max(rows, columns), so that AdamW's learning rates can be used.
    case matchRMSAdamW
    /// √(rows / columns)
    case spectralUnclamped
  }

  public let learningRate: Schedule
  public let weightDecay: Double
  public let momentum: Double
  public let isNesterov: Bool
  public let coefficients: (Double, Double, Double)
  public let epsilon: Double
  public let iterations: Int
  public let adjustment: Adjustment
  /// What the iteration is computed in; PyTorch has `bf16`.
  public let dtype: DType

  public init(
    learningRate: Schedule = 1e-3, weightDecay: Double = 0.1, momentum: Double = 0.95,
    nesterov: Bool = true, coefficients: (Double, Double, Double) = (3.4445, -4.7750, 2.0315),
    epsilon: Double = 1e-7, iterations: Int = 5, adjustment: Adjustment = .original,
    dtype: DType = .bf16
  ) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.momentum = momentum
    isNesterov = nesterov
    self.coefficients = coefficients
    self.epsilon = epsilon
    self.iterations = iterations
    self.adjustment = adjustment
    self.dtype = dtype
  }

  /// Learning rate; the factor of the decay.
  public func numbers(step: Int) -> [Double] {
    let rate = learningRate(step)
    return [rate, 1 - rate * weightDecay]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    check(
      parameter.rank == 2, .argument, "Muon", "takes matrices, not a parameter of shape \(parameter.shape)",
      hint: "give it another optimizer through ParameterGroups.")
    return ["momentum_buffer": parameter.zerosLike()]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    guard parameter.rank == 2 else { return (parameter, state) }
    let velocity = lerp(state["momentum_buffer"]!, gradient, Tensor(1 - momentum))
    let update = isNesterov ? lerp(gradient, velocity, Tensor(momentum)) : velocity
    let direction = orthogonalized(update).to(parameter.dtype)
    let rate = numbers[0] * Tensor(ratio(parameter.shape))
    let next = parameter * numbers[1] - rate * direction
    return (next, ["momentum_buffer": velocity])
  }

  private func orthogonalized(_ matrix: Tensor) -> Tensor {
    let isTall = matrix.shape[0] > matrix.shape[1]
    let (a, b, c) = coefficients
    var x = isTall ? matrix.to(dtype).transposed() : matrix.to(dtype)
    x = x / maximum(x.norm(), Tensor(epsilon))
    for _ in 0..<iterations {
      let gram = matmul(x, x.transposed())
      let update = gram * Tensor(b) + matmul(gram, gram) * Tensor(c)
      x = x * Tensor(a) + matmul(update, x)
    }
    return isTall ? x.transposed() : x
  }

  private func ratio(_ shape: Shape) -> Double {
    let (rows, columns) = (Double(shape[0]), Double(shape[1]))
    switch adjustment {
    case .original: return Swift.max(1, rows / columns).squareRoot()
    case .matchRMSAdamW: return 0.2 * Swift.max(rows, columns).squareRoot()
    case .spectralUnclamped: return (rows / columns).squareRoot()
    }
  }
}
