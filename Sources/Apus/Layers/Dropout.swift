/// In training zeroes each element with the given probability and scales the others by
/// 1 / (1 - probability); in inference does nothing (Srivastava et al., 2014).
public struct Dropout: Layer {
  public let probability: Double

  public init(_ probability: Double = 0.5) {
    check(
      (0...1).contains(probability), .argument, "Dropout",
      "the probability must be from 0 to 1, got \(probability)")
    self.probability = probability
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { dropout(x, probability) }
}

/// In training zeroes each element with the given probability and scales the others by
/// 1 / (1 - probability); in inference does nothing.
public func dropout(_ x: Tensor, _ probability: Double) -> Tensor {
  if !Mode.isTraining || probability == 0 { return x }
  if probability >= 1 { return x * 0 }
  let isKept = Tensor.bernoulli(x.shape, probability: 1 - probability)
  return Tensor.where(isKept, x * Tensor(1 / (1 - probability)), 0)
}
