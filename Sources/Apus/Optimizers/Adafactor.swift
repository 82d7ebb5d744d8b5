import ApusIR

/// Adafactor, whose second moments of matrices are one number a row and one a column (Shazeer and
/// Stern, 2018); the numbers are those of PyTorch's `Adafactor`.
public struct Adafactor: ParameterOptimizer {
  public let learningRate: Schedule
  public let beta2Decay: Double
  /// Its square is the least that updates are divided by the root of; nil for the dtype's epsilon.
  public let epsilon1: Double?
  /// The least scale of a parameter.
  public let epsilon2: Double
  /// The greatest root mean square of an update.
  public let d: Double
  public let weightDecay: Double

  public init(
    learningRate: Schedule = 1e-2, beta2Decay: Double = -0.8, epsilon1: Double? = nil,
    epsilon2: Double = 1e-3, d: Double = 1, weightDecay: Double = 0
  ) {
    check(d >= 1, .argument, "Adafactor", "the greatest mean square d is \(d), it must be at least 1")
    self.learningRate = learningRate
    self.beta2Decay = beta2Decay
    self.epsilon1 = epsilon1
    self.epsilon2 = epsilon2
    self.d = d
    self.weightDecay = weightDecay
  }

  /// What of the gradient enters the averages; the relative step; the factor of the decay.
  public func numbers(step: Int) -> [Double] {
    let rate = learningRate(step)
    let count = Double(step + 1)
    return [
      count.raised(to: beta2Decay), Swift.min(rate, 1 / count.squareRoot()), 1 - rate * weightDecay,
    ]
  }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    guard parameter.rank > 1 else { return ["variance": parameter.zerosLike()] }
    var (row, column) = (parameter.shape.extents, parameter.shape.extents)
    row[row.count - 1] = 1
    column[column.count - 2] = 1
    let dtype = parameter.dtype
    return ["row_var": .zeros(Shape(row), dtype: dtype), "col_var": .zeros(Shape(column), dtype: dtype)]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let square = gradient * gradient
    let least = epsilon1 ?? parameter.dtype.machineEpsilon
    var next: [String: Tensor] = [:]
    let variance: Tensor
    if let row = state["row_var"], let column = state["col_var"] {
      let rows = lerp(row, square.mean(axis: -1, keepDims: true), numbers[0])
      let columns = lerp(column, square.mean(axis: -2, keepDims: true), numbers[0])
      next = ["row_var": rows, "col_var": columns]
      let scale = maximum(rows.mean(axis: -2, keepDims: true), Tensor(least))
      variance = rows * columns / scale
    } else {
      variance = lerp(state["variance"]!, square, numbers[0])
      next["variance"] = variance
    }
    let divisor = maximum(variance, Tensor(least * least))
    let update = rsqrt(divisor) * gradient
    let root = Double(Swift.max(parameter.elementCount, 1)).squareRoot()
    let excess = maximum(update.norm() / Tensor(root * d), 1)
    let start = weightDecay == 0 ? parameter : parameter * numbers[2]
    let size = maximum(parameter.norm() / Tensor(root), Tensor(epsilon2))
    let rate = size * numbers[1] / excess
    return (start - rate * update, next)
  }
}

extension DType {
  /// The distance from 1 to the next number.
  fileprivate var machineEpsilon: Double {
    switch self {
    case .f64: 0x1p-52
    case .f16: 0x1p-10
    case .bf16: 0x1p-7
    default: 0x1p-23
    }
  }
}
