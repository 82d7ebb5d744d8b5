// Activations as layers, for `Sequential`.

/// Any function as a layer: `Activation(tanh)`.
public struct Activation: Layer {
  private let function: @Sendable (Tensor) -> Tensor

  public init(_ function: @escaping @Sendable (Tensor) -> Tensor) { self.function = function }

  public func callAsFunction(_ x: Tensor) -> Tensor { function(x) }
}

public struct ReLU: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { relu(x) }
}

public struct ReLU6: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { relu6(x) }
}

public struct LeakyReLU: Layer {
  public let slope: Double
  public init(slope: Double = 0.01) { self.slope = slope }
  public func callAsFunction(_ x: Tensor) -> Tensor { leakyRelu(x, slope: slope) }
}

public struct ELU: Layer {
  public let alpha: Double
  public init(alpha: Double = 1) { self.alpha = alpha }
  public func callAsFunction(_ x: Tensor) -> Tensor { elu(x, alpha: alpha) }
}

public struct CELU: Layer {
  public let alpha: Double
  public init(alpha: Double = 1) { self.alpha = alpha }
  public func callAsFunction(_ x: Tensor) -> Tensor { celu(x, alpha: alpha) }
}

public struct SELU: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { selu(x) }
}

/// x where positive, else weight · x: one weight, or one for each channel, the last axis.
///
/// Parameter: `weight` `[count]`, 0.25 at first.
public struct PReLU: Layer {
  public let weight: Parameter
  private let scope: Scope

  public init(_ scope: Scope, _ count: Int = 1, initial: Double = 0.25) {
    self.scope = scope
    weight = scope.parameter("weight", [count], .constant(initial))
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { scope.run { prelu(x, weight.value) } }
}

/// x where positive, else slope · x; in training the slopes are random, in inference their mean.
public struct RReLU: Layer {
  public let lower: Double, upper: Double
  public init(lower: Double = 1 / 8, upper: Double = 1 / 3) {
    (self.lower, self.upper) = (lower, upper)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor { rrelu(x, lower: lower, upper: upper) }
}

public struct GELU: Layer {
  /// Whether to use the tanh approximation.
  public let isApproximate: Bool
  public init(approximate: Bool = false) { isApproximate = approximate }
  public func callAsFunction(_ x: Tensor) -> Tensor { isApproximate ? geluTanh(x) : gelu(x) }
}

public struct SiLU: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { silu(x) }
}

public struct Mish: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { mish(x) }
}

public struct Sigmoid: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { sigmoid(x) }
}

public struct Tanh: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { tanh(x) }
}

public struct Softplus: Layer {
  public let beta: Double, threshold: Double
  public init(beta: Double = 1, threshold: Double = 20) {
    (self.beta, self.threshold) = (beta, threshold)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    softplus(x, beta: beta, threshold: threshold)
  }
}

public struct Softsign: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { softsign(x) }
}

public struct LogSigmoid: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { logSigmoid(x) }
}

public struct HardSigmoid: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { hardSigmoid(x) }
}

public struct HardTanh: Layer {
  public let minimum: Double, maximum: Double
  public init(minimum: Double = -1, maximum: Double = 1) {
    (self.minimum, self.maximum) = (minimum, maximum)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    hardTanh(x, minimum: minimum, maximum: maximum)
  }
}

public struct HardShrink: Layer {
  public let lambda: Double
  public init(lambda: Double = 0.5) { self.lambda = lambda }
  public func callAsFunction(_ x: Tensor) -> Tensor { hardShrink(x, lambda: lambda) }
}

public struct SoftShrink: Layer {
  public let lambda: Double
  public init(lambda: Double = 0.5) { self.lambda = lambda }
  public func callAsFunction(_ x: Tensor) -> Tensor { softShrink(x, lambda: lambda) }
}

public struct TanhShrink: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { tanhShrink(x) }
}

/// x where above the threshold, else the value.
public struct Threshold: Layer {
  public let threshold: Double, value: Double
  public init(_ threshold: Double, _ value: Double) {
    (self.threshold, self.value) = (threshold, value)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor { Apus.threshold(x, threshold, value) }
}

/// The first half of an axis, the channels, times the sigmoid of the second.
public struct GLU: Layer {
  public let axis: Int
  public init(axis: Int = -1) { self.axis = axis }
  public func callAsFunction(_ x: Tensor) -> Tensor { glu(x, axis: axis) }
}

public struct HardSwish: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { hardSwish(x) }
}

public struct Softmax: Layer {
  public let axis: Int
  public init(axis: Int = -1) { self.axis = axis }
  public func callAsFunction(_ x: Tensor) -> Tensor { softmax(x, axis: axis) }
}

/// Softmax over the channels, the last axis, at each place of an image (`torch.nn.Softmax2d`).
public struct Softmax2D: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { softmax(x) }
}

public struct Softmin: Layer {
  public let axis: Int
  public init(axis: Int = -1) { self.axis = axis }
  public func callAsFunction(_ x: Tensor) -> Tensor { softmin(x, axis: axis) }
}

public struct LogSoftmax: Layer {
  public let axis: Int
  public init(axis: Int = -1) { self.axis = axis }
  public func callAsFunction(_ x: Tensor) -> Tensor { logSoftmax(x, axis: axis) }
}
