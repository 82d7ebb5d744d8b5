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
  var result = (deviation * rsqrt(variance + Tensor(epsilon))).to(x.dtype)
  if let weight { result = result * weight }
  if let bias { result = result + bias }
  return result
}

/// Normalises each channel, the last axis, over all others to mean 0 and variance 1, then scales and
/// shifts (Ioffe and Szegedy, 2015). For any number of spatial axes.
///
/// In training the statistics are the batch's, and the running ones move toward them by `momentum`;
/// in inference they are the running ones.
/// Parameters: `weight`, `bias`; buffers: `running_mean`, `running_var`, `num_batches_tracked`.
public struct BatchNorm: Layer {
  public let weight: Parameter?
  public let bias: Parameter?
  public let runningMean: Parameter
  public let runningVariance: Parameter
  public let batchCount: Parameter
  private let momentum: Double
  private let epsilon: Double
  private let scope: Scope

  public init(
    _ scope: Scope, _ features: Int, epsilon: Double = 1e-5, momentum: Double = 0.1,
    affine: Bool = true
  ) {
    self.scope = scope
    self.momentum = momentum
    self.epsilon = epsilon
    weight = affine ? scope.parameter("weight", [features], .ones) : nil
    bias = affine ? scope.parameter("bias", [features], .zeros) : nil
    runningMean = scope.buffer("running_mean", [features], .zeros)
    runningVariance = scope.buffer("running_var", [features], .ones)
    batchCount = scope.buffer("num_batches_tracked", [], .zeros, dtype: .i64)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run {
      let features = runningMean.shape[0]
      guard
        check(
          x.rank >= 2 && x.shape[x.rank - 1] == features, .shape, "batchNorm",
          "shape \(x.shape) has not \(features) channels in its last axis",
          hint: "activations are channels-last, [batch, spatial…, channel].")
      else { return x }
      let wide = x.to(x.dtype.accumulator)
      guard Mode.isTraining else {
        let deviation = wide - runningMean.value
        return scaled(deviation * rsqrt(runningVariance.value + Tensor(epsilon)), x.dtype)
      }
      let axes = Array(0..<(x.rank - 1))
      let mean = wide.mean(axes: axes)
      let deviation = wide - mean
      let variance = (deviation * deviation).mean(axes: axes)
      track(mean, variance, count: x.elementCount / Swift.max(features, 1))
      return scaled(deviation * rsqrt(variance + Tensor(epsilon)), x.dtype)
    }
  }

  private func scaled(_ normalized: Tensor, _ dtype: DType) -> Tensor {
    var result = normalized.to(dtype)
    if let weight { result = result * weight.value }
    if let bias { result = result + bias.value }
    return result
  }

  /// The running variance is the unbiased one, as in PyTorch.
  private func track(_ mean: Tensor, _ variance: Tensor, count: Int) {
    let unbiased = variance * Tensor(Double(count) / Double(Swift.max(count - 1, 1)))
    move(runningMean, toward: mean)
    move(runningVariance, toward: unbiased)
    batchCount.value = batchCount.value + 1
  }

  private func move(_ buffer: Parameter, toward value: Tensor) {
    let next = value.detached * Tensor(momentum) + buffer.value * Tensor(1 - momentum)
    buffer.value = next.to(buffer.dtype)
  }
}
