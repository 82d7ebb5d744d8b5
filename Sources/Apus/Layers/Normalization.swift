/// Normalises over the last axes to mean 0 and variance 1, then scales and shifts
/// (Ba et al., 2016).
///
/// Parameters: `weight` and `bias` of the normalised shape, ones and zeros at first.
public struct LayerNorm: Layer {
  public let weight: Parameter?
  public let bias: Parameter?
  private let shape: Shape
  private let epsilon: Double
  private let scope: Scope

  public init(
    _ scope: Scope, _ shape: Shape, epsilon: Double = 1e-5, affine: Bool = true, bias: Bool = true
  ) {
    self.scope = scope
    self.shape = shape
    self.epsilon = epsilon
    weight = affine ? scope.parameter("weight", shape, .ones) : nil
    self.bias = affine && bias ? scope.parameter("bias", shape, .zeros) : nil
  }

  public init(_ scope: Scope, _ features: Int, epsilon: Double = 1e-5) {
    self.init(scope, [features], epsilon: epsilon)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run {
      layerNorm(x, shape, weight: weight?.value, bias: bias?.value, epsilon: epsilon)
    }
  }
}

/// Normalises over the last axes, which must have the given shape, to mean 0 and variance 1; then
/// scales and shifts. 16-bit floating types are computed in f32.
public func layerNorm(
  _ x: Tensor, _ shape: Shape, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  guard
    check(
      Array(x.shape.suffix(shape.rank)) == shape.extents, .shape, "layerNorm",
      "the last axes of shape \(x.shape) are not \(shape)")
  else { return x }
  let axes = Array((x.rank - shape.rank)..<x.rank)
  let wide = x.to(x.dtype.accumulator)
  let deviation = wide - wide.mean(axes: axes, keepDims: true)
  let variance = (deviation * deviation).mean(axes: axes, keepDims: true)
  let dtype = Precision.products == nil ? x.dtype : wide.dtype
  var result = (deviation * rsqrt(variance + Tensor(epsilon))).to(dtype)
  if let weight { result = result * weight }
  if let bias { result = result + bias }
  return result
}
