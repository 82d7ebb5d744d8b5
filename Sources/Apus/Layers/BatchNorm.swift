/// Normalises each channel, the last axis, over all others to mean 0 and variance 1, then scales and
/// shifts (Ioffe and Szegedy, 2015). For any number of spatial axes.
///
/// In training the statistics are the batch's, and the running ones move toward them by `momentum`;
/// in inference they are the running ones. Without running ones they are always the batch's.
/// Parameters: `weight`, `bias`; buffers: `running_mean`, `running_var`, `num_batches_tracked`.
public struct BatchNorm: Layer {
  public let weight: Parameter?
  public let bias: Parameter?
  private let running: RunningStatistics?
  private let features: Int
  private let epsilon: Double
  private let scope: Scope

  public var runningMean: Parameter? { running?.mean }
  public var runningVariance: Parameter? { running?.variance }
  public var batchCount: Parameter? { running?.batchCount }

  /// - Parameter momentum: the share of a new batch in the running statistics; nil for the mean of
  ///   all batches.
  public init(
    _ scope: Scope, _ features: Int, epsilon: Double = 1e-5, momentum: Double? = 0.1,
    affine: Bool = true, tracksRunningStatistics: Bool = true
  ) {
    self.scope = scope
    self.features = features
    self.epsilon = epsilon
    weight = affine ? scope.parameter("weight", [features], .ones) : nil
    bias = affine ? scope.parameter("bias", [features], .zeros) : nil
    running = tracksRunningStatistics ? RunningStatistics(scope, features, momentum: momentum) : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run {
      guard
        check(
          x.rank >= 2 && x.shape[x.rank - 1] == features, .shape, "batchNorm",
          "shape \(x.shape) has not \(features) channels in its last axis",
          hint: "activations are channels-last, [batch, spatial…, channel].")
      else { return x }
      let wide = x.to(x.dtype.accumulator)
      if let running, !Mode.isTraining {
        let deviation = wide - running.mean.value
        let normalized = deviation * rsqrt(running.variance.value + Tensor(epsilon))
        return scaled(normalized, weight?.value, bias?.value, x.dtype)
      }
      let factors = [weight, bias].map { $0?.value.to(wide.dtype) }
      let (result, mean, variance) = batchNormalized(
        wide, scale: factors[0], shift: factors[1], epsilon: epsilon)
      if let running {
        let count = x.elementCount / Swift.max(features, 1)
        running.track(mean, variance, count: count)
        running.countBatch()
      }
      // In mixed precision what follows takes the input's dtype.
      let isMixed = Precision.products != nil
      return result.to(isMixed ? x.dtype : weight.map { DType.promote(x.dtype, $0.dtype) } ?? x.dtype)
    }
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
