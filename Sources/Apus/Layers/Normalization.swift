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

  public init(
    _ scope: Scope, _ features: Int, epsilon: Double = 1e-5, affine: Bool = true, bias: Bool = true
  ) {
    self.init(scope, [features], epsilon: epsilon, affine: affine, bias: bias)
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
  guard let axes = lastAxes(x, shape, "layerNorm") else { return x }
  let wide = x.to(x.dtype.accumulator)
  let deviation = wide - wide.mean(axes: axes, keepDims: true)
  let variance = (deviation * deviation).mean(axes: axes, keepDims: true)
  let dtype = Precision.products == nil ? x.dtype : wide.dtype
  var result = (deviation * rsqrt(variance + Tensor(epsilon))).to(dtype)
  if let weight { result = result * weight }
  if let bias { result = result + bias }
  return result
}

/// Divides by the root of the mean square over the last axes, then scales (Zhang and Sennrich, 2019).
///
/// Parameter: `weight` of the normalised shape, ones at first.
public struct RMSNorm: Layer {
  public let weight: Parameter?
  private let shape: Shape
  private let epsilon: Double?
  private let scope: Scope

  /// - Parameter epsilon: added to the mean square; if nil the distance from 1 to the next number,
  ///   1.19e-7 in f32.
  public init(_ scope: Scope, _ shape: Shape, epsilon: Double? = nil, affine: Bool = true) {
    self.scope = scope
    self.shape = shape
    self.epsilon = epsilon
    weight = affine ? scope.parameter("weight", shape, .ones) : nil
  }

  public init(_ scope: Scope, _ features: Int, epsilon: Double? = nil, affine: Bool = true) {
    self.init(scope, [features], epsilon: epsilon, affine: affine)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run { rmsNorm(x, shape, weight: weight?.value, epsilon: epsilon) }
  }
}

/// Divides by the root of the mean square over the last axes, which must have the given shape; then
/// scales. 16-bit floating types are computed in f32.
///
/// - Parameter epsilon: added to the mean square; if nil the distance from 1 to the next number,
///   1.19e-7 in f32.
public func rmsNorm(
  _ x: Tensor, _ shape: Shape, weight: Tensor? = nil, epsilon: Double? = nil
) -> Tensor {
  guard let axes = lastAxes(x, shape, "rmsNorm") else { return x }
  let wide = x.to(x.dtype.accumulator)
  let epsilon = epsilon ?? (wide.dtype == .f64 ? Double.ulpOfOne : Double(Float.ulpOfOne))
  let square = (wide * wide).mean(axes: axes, keepDims: true)
  let dtype = Precision.products == nil ? x.dtype : wide.dtype
  let result = (wide * rsqrt(square + Tensor(epsilon))).to(dtype)
  return weight.map { result * $0 } ?? result
}

/// The last axes of `x`, if they have the given shape; if not, a mistake is reported.
private func lastAxes(_ x: Tensor, _ shape: Shape, _ operation: String) -> [Int]? {
  guard
    check(
      Array(x.shape.suffix(shape.rank)) == shape.extents, .shape, operation,
      "the last axes of shape \(x.shape) are not \(shape)")
  else { return nil }
  return Array((x.rank - shape.rank)..<x.rank)
}
