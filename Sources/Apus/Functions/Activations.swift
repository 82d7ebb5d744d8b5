// Activations: composed from primitives, so that the compiler can fuse them and gradients are exact.

/// The positive part; a NaN stays a NaN. The gradient at 0 is 0.
public func relu(_ x: Tensor) -> Tensor { Tensor.where(x .<= 0, 0, x) }

/// `relu`, but not above 6.
public func relu6(_ x: Tensor) -> Tensor { Tensor.where(x .>= 6, 6, relu(x)) }

/// x where positive, else slope · x.
public func leakyRelu(_ x: Tensor, slope: Double = 0.01) -> Tensor {
  Tensor.where(x .> 0, x, x * Tensor(slope))
}

/// x where positive, else alpha · (exp(x) - 1).
public func elu(_ x: Tensor, alpha: Double = 1) -> Tensor {
  // The branch not taken must not overflow, or its gradient would be NaN.
  Tensor.where(x .> 0, x, expm1(minimum(x, 0)) * Tensor(alpha))
}

/// Klambauer et al. (2017).
public func selu(_ x: Tensor) -> Tensor {
  elu(x, alpha: 1.6732632423543772) * Tensor(1.0507009873554805)
}

/// x where positive, else alpha · (exp(x / alpha) - 1) (Barron, 2017).
public func celu(_ x: Tensor, alpha: Double = 1) -> Tensor {
  Tensor.where(x .> 0, x, expm1(minimum(x, 0) * Tensor(1 / alpha)) * Tensor(alpha))
}

/// x where positive, else weight · x; one weight, or one for each channel, the last axis
/// (He et al., 2015).
public func prelu(_ x: Tensor, _ weight: Tensor) -> Tensor { Tensor.where(x .> 0, x, x * weight) }

/// x where positive, else slope · x: in training with a random slope for each element, uniform from
/// `lower` to `upper`, in inference with their mean (Xu et al., 2015).
public func rrelu(_ x: Tensor, lower: Double = 1 / 8, upper: Double = 1 / 3) -> Tensor {
  guard Mode.isTraining else { return leakyRelu(x, slope: (lower + upper) / 2) }
  let slopes = Tensor.uniform(x.shape, low: lower, high: upper, dtype: x.asFloating.dtype)
  return prelu(x, slopes)
}

/// x where above the threshold, else the value.
public func threshold(_ x: Tensor, _ threshold: Double, _ value: Double) -> Tensor {
  Tensor.where(x .> Tensor(threshold), x, Tensor(value))
}

/// A function computed in f32 for the 16-bit floating types, as PyTorch does: one rounding in place
/// of one for each operation.
private func widely(_ x: Tensor, _ function: (Tensor) -> Tensor) -> Tensor {
  let floating = x.asFloating
  return function(floating.to(floating.dtype.accumulator)).to(floating.dtype)
}

/// x · Φ(x) with the exact normal distribution function (Hendrycks and Gimpel, 2016).
public func gelu(_ x: Tensor) -> Tensor {
  widely(x) { x in
    let half = x * 0.5
    return half * (erf(x * Tensor(0.5.squareRoot())) + 1)
  }
}

/// `gelu` with the tanh approximation.
public func geluTanh(_ x: Tensor) -> Tensor {
  widely(x) { x in
    let cubic = x + x * x * x * 0.044715
    let inner = cubic * Tensor((2 / Double.pi).squareRoot())
    return x * 0.5 * (tanh(inner) + 1)
  }
}

/// x · sigmoid(x), also called swish.
public func silu(_ x: Tensor) -> Tensor { widely(x) { $0 * sigmoid($0) } }

/// x · tanh(softplus(x))
public func mish(_ x: Tensor) -> Tensor { widely(x) { $0 * tanh(softplus($0)) } }

/// clamp(x / 6 + 1/2, 0, 1)
public func hardSigmoid(_ x: Tensor) -> Tensor { clamp(x + 3, 0, 6) / 6 }

/// x · hardSigmoid(x)
public func hardSwish(_ x: Tensor) -> Tensor { x * hardSigmoid(x) }

/// clamp(x, -1, 1)
public func hardTanh(_ x: Tensor) -> Tensor { clamp(x, -1, 1) }

/// clamp(x, minimum, maximum)
public func hardTanh(_ x: Tensor, minimum: Double, maximum: Double) -> Tensor {
  clamp(x, Tensor(minimum), Tensor(maximum))
}

/// x, but 0 from -lambda to lambda.
public func hardShrink(_ x: Tensor, lambda: Double = 0.5) -> Tensor {
  Tensor.where(abs(x) .> Tensor(lambda), x, 0)
}

/// x moved toward 0 by lambda, and 0 from -lambda to lambda.
public func softShrink(_ x: Tensor, lambda: Double = 0.5) -> Tensor {
  let moved = x - sign(x) * Tensor(lambda)
  return Tensor.where(abs(x) .> Tensor(lambda), moved, 0)
}

/// x - tanh(x)
public func tanhShrink(_ x: Tensor) -> Tensor { widely(x) { $0 - tanh($0) } }

/// log(1 + exp(beta · x)) / beta; x itself where beta · x is above the threshold.
public func softplus(_ x: Tensor, beta: Double, threshold: Double = 20) -> Tensor {
  widely(x) { x in
    let scaled = x * Tensor(beta)
    return Tensor.where(scaled .> Tensor(threshold), x, softplus(scaled) / Tensor(beta))
  }
}

/// The first half along `axis` times the sigmoid of the second (Dauphin et al., 2017).
public func glu(_ x: Tensor, axis: Int = -1) -> Tensor {
  let place = x.normalized(axis, "glu")
  guard
    check(
      x.rank > 0 && x.shape[place] % 2 == 0, .shape, "glu",
      "axis \(axis) of shape \(x.shape) cannot be halved")
  else { return x }
  let halves = x.split(size: x.shape[place] / 2, axis: place)
  return halves.count == 2 ? halves[0] * sigmoid(halves[1]) : x
}

/// x / (1 + |x|)
public func softsign(_ x: Tensor) -> Tensor { x / (abs(x) + 1) }

/// exp(x), normalised to sum 1 along `axis`. 16-bit floating types are computed in f32.
///
/// The gradient needs the result only: `y · (g − Σ g · y)`.
public func softmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  customGradient("softmax", of: x.asFloating) { x in
    let power = exp(shiftedByMaximum(x, axis: axis))
    return (power / power.sum(axis: axis, keepDims: true)).to(x.dtype)
  } backward: { x, y, gradient in
    let (y, gradient) = (y.to(x.dtype.accumulator), gradient.to(x.dtype.accumulator))
    let along = (gradient * y).sum(axis: axis, keepDims: true)
    return (y * (gradient - along)).to(x.dtype)
  }
}

/// softmax(-x) along `axis`.
public func softmin(_ x: Tensor, axis: Int = -1) -> Tensor { softmax(-x, axis: axis) }

/// log(softmax(x)) along `axis`, without overflow.
public func logSoftmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  let wide = shiftedByMaximum(x, axis: axis)
  let total = exp(wide).sum(axis: axis, keepDims: true)
  return (wide - log(total)).to(x.asFloating.dtype)
}

private func shiftedByMaximum(_ x: Tensor, axis: Int) -> Tensor {
  let floating = x.asFloating
  let wide = floating.to(floating.dtype.accumulator)
  return wide - wide.max(axis: axis, keepDims: true).detached
}
