// Random changes in training; in inference all of these give back what they get.

/// In training zeroes each element with the given probability and scales the others by
/// 1 / (1 - probability); in inference does nothing (Srivastava et al., 2014).
public struct Dropout: Layer {
  public let probability: Double
  public init(_ probability: Double = 0.5) { self.probability = valid(probability, "Dropout") }
  public func callAsFunction(_ x: Tensor) -> Tensor { dropout(x, probability) }
}

/// `Dropout` of whole channels, the last axis, of each example: PyTorch's `Dropout1d` to `Dropout3d`
/// (Tompson et al., 2015).
public struct ChannelDropout: Layer {
  public let probability: Double
  public init(_ probability: Double = 0.5) { self.probability = valid(probability, "ChannelDropout") }
  public func callAsFunction(_ x: Tensor) -> Tensor { channelDropout(x, probability) }
}

/// Dropout that keeps mean 0 and variance 1, for networks of SELU (Klambauer et al., 2017).
public struct AlphaDropout: Layer {
  public let probability: Double
  public init(_ probability: Double = 0.5) { self.probability = valid(probability, "AlphaDropout") }
  public func callAsFunction(_ x: Tensor) -> Tensor { alphaDropout(x, probability) }
}

/// `AlphaDropout` of whole channels, the last axis, of each example.
public struct FeatureAlphaDropout: Layer {
  public let probability: Double
  public init(_ probability: Double = 0.5) {
    self.probability = valid(probability, "FeatureAlphaDropout")
  }
  public func callAsFunction(_ x: Tensor) -> Tensor { featureAlphaDropout(x, probability) }
}

/// In training zeroes whole examples, so that a residual branch is left out: stochastic depth
/// (Huang et al., 2016), as torchvision's `StochasticDepth` in row mode.
public struct DropPath: Layer {
  public let probability: Double
  public init(_ probability: Double = 0.5) { self.probability = valid(probability, "DropPath") }
  public func callAsFunction(_ x: Tensor) -> Tensor { dropPath(x, probability) }
}

private func valid(_ probability: Double, _ name: String) -> Double {
  check(
    (0...1).contains(probability), .argument, name,
    "the probability must be from 0 to 1, got \(probability)")
  return probability
}

/// In training zeroes each element with the given probability and scales the others by
/// 1 / (1 - probability); in inference does nothing.
public func dropout(_ x: Tensor, _ probability: Double) -> Tensor {
  dropped(x, probability, x.shape)
}

/// `dropout` of whole channels of `[batch, spatial…, channel]`, for each example by itself.
public func channelDropout(_ x: Tensor, _ probability: Double) -> Tensor {
  dropped(x, probability, channelShape(x))
}

/// `dropout` of whole examples, the first axis: stochastic depth.
public func dropPath(_ x: Tensor, _ probability: Double) -> Tensor {
  dropped(x, probability, Shape(x.shape.enumerated().map { $0.offset == 0 ? $0.element : 1 }))
}

/// In training sets each element to what SELU saturates at with the given probability, then scales
/// and shifts all, so that mean 0 and variance 1 stay; in inference does nothing.
public func alphaDropout(_ x: Tensor, _ probability: Double) -> Tensor {
  alphaDropped(x, probability, x.shape)
}

/// `alphaDropout` of whole channels of `[batch, spatial…, channel]`, for each example by itself.
public func featureAlphaDropout(_ x: Tensor, _ probability: Double) -> Tensor {
  alphaDropped(x, probability, channelShape(x))
}

/// - Parameter shape: of the decisions, broadcast to `x`.
private func dropped(_ x: Tensor, _ probability: Double, _ shape: Shape) -> Tensor {
  if !Mode.isTraining || probability == 0 { return x }
  if probability >= 1 { return x * 0 }
  let isKept = Tensor.bernoulli(shape, probability: 1 - probability)
  return Tensor.where(isKept, x * Tensor(1 / (1 - probability)), 0)
}

private func alphaDropped(_ x: Tensor, _ probability: Double, _ shape: Shape) -> Tensor {
  if !Mode.isTraining || probability == 0 { return x }
  if probability >= 1 { return x * 0 }
  // -scale · alpha of SELU.
  let floor = -1.7580993408473766
  let spread = (floor * floor * probability + 1) * (1 - probability)
  let factor = 1 / spread.squareRoot()
  let isKept = Tensor.bernoulli(shape, probability: 1 - probability)
  let chosen = Tensor.where(isKept, x, Tensor(floor))
  return chosen * Tensor(factor) - Tensor(factor * floor * probability)
}

private func channelShape(_ x: Tensor) -> Shape {
  guard x.rank > 2 else { return x.shape }
  return Shape([x.shape[0]] + x.shape.dropFirst().dropLast().map { _ in 1 } + [x.shape[x.rank - 1]])
}
