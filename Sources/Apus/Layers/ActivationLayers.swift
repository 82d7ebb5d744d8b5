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

public struct Sigmoid: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { sigmoid(x) }
}

public struct Tanh: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { tanh(x) }
}

public struct Softplus: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { softplus(x) }
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

public struct LogSoftmax: Layer {
  public let axis: Int
  public init(axis: Int = -1) { self.axis = axis }
  public func callAsFunction(_ x: Tensor) -> Tensor { logSoftmax(x, axis: axis) }
}

/// Axes `from` to the last made one: `[batch, …]` becomes `[batch, features]`.
public struct Flatten: Layer {
  public let first: Int
  public init(from first: Int = 1) { self.first = first }
  public func callAsFunction(_ x: Tensor) -> Tensor { x.flattened(from: first) }
}
