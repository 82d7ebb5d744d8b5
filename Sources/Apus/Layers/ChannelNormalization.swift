// Normalisation of each example of `[batch, spatial…, channel]` by itself.

import ApusIR

/// Normalises groups of channels, each with all its places, to mean 0 and variance 1, then scales
/// and shifts each channel (Wu and He, 2018).
///
/// Parameters: `weight` and `bias` `[channels]`, ones and zeros at first.
public struct GroupNorm: Layer {
  public let weight: Parameter?
  public let bias: Parameter?
  private let groups: Int
  private let channels: Int
  private let epsilon: Double
  private let scope: Scope

  public init(
    _ scope: Scope, _ groups: Int, _ channels: Int, epsilon: Double = 1e-5, affine: Bool = true
  ) {
    check(
      groups > 0 && channels % groups == 0, .argument, "GroupNorm",
      "\(channels) channels cannot be split into \(groups) groups")
    self.scope = scope
    self.groups = groups
    self.channels = channels
    self.epsilon = epsilon
    weight = affine ? scope.parameter("weight", [channels], .ones) : nil
    bias = affine ? scope.parameter("bias", [channels], .zeros) : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run {
      guard
        check(
          x.rank >= 2 && x.shape[x.rank - 1] == channels, .shape, "groupNorm",
          "shape \(x.shape) has not \(channels) channels in its last axis",
          hint: "activations are channels-last, [batch, spatial…, channel].")
      else { return x }
      return groupNorm(x, groups, weight: weight?.value, bias: bias?.value, epsilon: epsilon)
    }
  }
}

/// Normalises each of `groups` groups of channels, with all their places, to mean 0 and variance 1;
/// then scales and shifts each channel. 16-bit floating types are computed in f32.
public func groupNorm(
  _ x: Tensor, _ groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  guard
    check(
      x.rank >= 2 && groups > 0 && x.shape[x.rank - 1] % groups == 0, .shape, "groupNorm",
      "the channels of shape \(x.shape) cannot be split into \(groups) groups")
  else { return x }
  let channels = x.shape[x.rank - 1]
  let places = x.shape.dropFirst().dropLast().reduce(1, *)
  let grouped = x.reshaped(Shape([x.shape[0], places, groups, channels / groups]))
  let (deviation, _, variance) = deviations(grouped.to(x.dtype.accumulator), axes: [1, 3])
  let normalized = (deviation * rsqrt(variance + Tensor(epsilon))).reshaped(x.shape)
  return scaled(normalized, weight, bias, x.dtype)
}

/// Normalises each channel of each example over its places to mean 0 and variance 1, then, if
/// `affine`, scales and shifts it (Ulyanov et al., 2016).
///
/// With running statistics these are used in inference, and move in training as in `BatchNorm`.
/// Parameters: `weight` and `bias` `[channels]`, ones and zeros at first; buffers: `running_mean`,
/// `running_var`, `num_batches_tracked`.
public struct InstanceNorm: Layer {
  public let weight: Parameter?
  public let bias: Parameter?
  private let running: RunningStatistics?
  private let channels: Int
  private let epsilon: Double
  private let scope: Scope

  public init(
    _ scope: Scope, _ channels: Int, epsilon: Double = 1e-5, momentum: Double = 0.1,
    affine: Bool = false, tracksRunningStatistics: Bool = false
  ) {
    self.scope = scope
    self.channels = channels
    self.epsilon = epsilon
    weight = affine ? scope.parameter("weight", [channels], .ones) : nil
    bias = affine ? scope.parameter("bias", [channels], .zeros) : nil
    running = tracksRunningStatistics ? RunningStatistics(scope, channels, momentum: momentum) : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run {
      guard
        spatial(x, "instanceNorm"),
        check(
          x.shape[x.rank - 1] == channels, .shape, "instanceNorm",
          "shape \(x.shape) has not \(channels) channels in its last axis")
      else { return x }
      let wide = x.to(x.dtype.accumulator)
      if let running, !Mode.isTraining {
        let factor = rsqrt(running.variance.value + Tensor(epsilon))
        return scaled((wide - running.mean.value) * factor, weight?.value, bias?.value, x.dtype)
      }
      let axes = Array(1..<(x.rank - 1))
      let (deviation, mean, variance) = deviations(wide, axes: axes)
      // PyTorch does not count the batches here, but for their mean they must be.
      running?.track(
        mean.flattened(from: 1).mean(axis: 0), variance.flattened(from: 1).mean(axis: 0),
        count: axes.reduce(1) { $0 * x.shape[$1] })
      if RunningStatistics.isCumulative { running?.countBatch() }
      let factor = rsqrt(variance + Tensor(epsilon))
      return scaled(deviation * factor, weight?.value, bias?.value, x.dtype)
    }
  }
}

/// Divides each element by (k + alpha · mean of the squares of `size` neighbouring channels) to the
/// power beta (Krizhevsky et al., 2012). There are zeros beyond the first and the last channel.
public struct LocalResponseNorm: Layer {
  public let size: Int, alpha: Double, beta: Double, k: Double

  public init(_ size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) {
    check(size > 0, .argument, "LocalResponseNorm", "the size \(size) must be positive")
    (self.size, self.alpha, self.beta, self.k) = (size, alpha, beta, k)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard spatial(x, "localResponseNorm"), x.elementCount > 0 else { return x }
    let wide = x.to(x.dtype.accumulator)
    let rows = (wide * wide).reshaped(-1, x.shape[x.rank - 1], 1)
    let window = Window(sizes: [size], strides: [1], low: [size / 2], high: [(size - 1) / 2])
    let sums = Tensor.apply(.windowReduce(.sum, window), [rows], as: "localResponseNorm")
    let divisor = pow(sums * Tensor(alpha / Double(size)) + Tensor(k), Tensor(beta))
    return (wide / divisor.reshaped(x.shape)).to(x.dtype)
  }
}

/// The distances from the mean over the axes, the mean and the variance, which keep the axes.
private func deviations(
  _ x: Tensor, axes: [Int]
) -> (deviation: Tensor, mean: Tensor, variance: Tensor) {
  let mean = x.mean(axes: axes, keepDims: true)
  let deviation = x - mean
  return (deviation, mean, (deviation * deviation).mean(axes: axes, keepDims: true))
}

/// A normalised tensor scaled and shifted; in mixed precision what follows takes the input's dtype.
func scaled(
  _ normalized: Tensor, _ weight: Tensor?, _ bias: Tensor?, _ dtype: DType
) -> Tensor {
  let isMixed = Precision.products != nil
  var result = isMixed ? normalized : normalized.to(dtype)
  if let weight { result = result * weight }
  if let bias { result = result + bias }
  return isMixed ? result.to(dtype) : result
}
