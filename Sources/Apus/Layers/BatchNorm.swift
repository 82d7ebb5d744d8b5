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
      let factors = [weight, bias].map { $0?.value.to(wide.dtype) }
      let (result, mean, variance) = batchNormalized(
        wide, scale: factors[0], shift: factors[1], epsilon: epsilon)
      track(mean, variance, count: x.elementCount / Swift.max(features, 1))
      // In mixed precision what follows takes the input's dtype.
      let isMixed = Precision.products != nil
      return result.to(isMixed ? x.dtype : weight.map { DType.promote(x.dtype, $0.dtype) } ?? x.dtype)
    }
  }

  private func scaled(_ normalized: Tensor, _ dtype: DType) -> Tensor {
    let isMixed = Precision.products != nil
    var result = isMixed ? normalized : normalized.to(dtype)
    if let weight { result = result * weight.value }
    if let bias { result = result + bias.value }
    return isMixed ? result.to(dtype) : result
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

/// The mean over all axes but the last, the distances from it and their mean square.
private func moments(_ x: Tensor) -> (mean: Tensor, deviation: Tensor, variance: Tensor) {
  let axes = Array(0..<(x.rank - 1))
  let mean = x.mean(axes: axes)
  let deviation = x - mean
  return (mean, deviation, (deviation * deviation).mean(axes: axes))
}

/// Normalises each channel by its own mean and variance, then scales and shifts it.
///
/// The backward pass is written out: two sums over what it reads, then one elementwise step, where
/// the gradient of the definition would walk over memory six times. It is made of the same
/// operations and has gradients itself. Nothing flows back through the mean and the variance that
/// are returned.
private func batchNormalized(
  _ x: Tensor, scale: Tensor?, shift: Tensor?, epsilon: Double
) -> (result: Tensor, mean: Tensor, variance: Tensor) {
  let isScaled = scale != nil
  let results = customGradient("batchNorm", of: [x] + [scale, shift].compactMap { $0 }) { inputs in
    let (mean, deviation, variance) = moments(inputs[0])
    var factor = rsqrt(variance + Tensor(epsilon))
    if isScaled { factor = factor * inputs[1] }
    var result = deviation * factor
    if shift != nil { result = result + inputs[inputs.count - 1] }
    return [result, mean, variance]
  } backward: { inputs, _, gradients in
    let (x, g) = (inputs[0], gradients[0])
    let axes = Array(0..<(x.rank - 1))
    let (_, deviation, variance) = moments(x)
    let inverse = rsqrt(variance + Tensor(epsilon))
    let shiftGradient = g.sum(axes: axes)
    let scaleGradient = (g * deviation).sum(axes: axes) * inverse
    let share = Tensor(1 / Double(Swift.max(x.elementCount / Swift.max(x.shape[x.rank - 1], 1), 1)))
    let rest = g - shiftGradient * share - deviation * (scaleGradient * inverse * share)
    let factor = isScaled ? inverse * inputs[1] : inverse
    var found: [Tensor?] = [rest * factor]
    if isScaled { found.append(scaleGradient) }
    if found.count < inputs.count { found.append(shiftGradient) }
    return found
  }
  return (results[0], results[1].detached, results[2].detached)
}
