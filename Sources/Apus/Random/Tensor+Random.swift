// Random tensors. Without a key each draw takes the next stream of the generator that `withRandom`
// or a training step has set.

import ApusIR

extension Tensor {
  static func randomBits(_ shape: Shape, dtype: DType, key: RandomKey?) -> Tensor {
    let key = key ?? nextKey()
    return apply(.randomBits(TensorType(dtype, shape)), [key.tensor], standIn: TensorType(dtype, shape))
  }

  static func nextKey() -> RandomKey {
    (RandomGenerator.current ?? RandomGenerator.shared).next()
  }

  /// Uniform in `low..<high`; rounding may give `high` itself.
  public static func uniform(
    _ shape: Shape, low: Double = 0, high: Double = 1, dtype: DType = .defaultFloating,
    key: RandomKey? = nil
  ) -> Tensor {
    let fraction = unitInterval(shape, wide: dtype == .f64, key: key)
    return (fraction * Tensor(high - low) + Tensor(low)).to(dtype)
  }

  /// Uniform in 0..<1: 24 bits as f32, or 53 as f64.
  private static func unitInterval(_ shape: Shape, wide: Bool, key: RandomKey?) -> Tensor {
    if wide {
      let bits = (randomBits(shape, dtype: .i64, key: key) >> 11) & Tensor((1 << 53) - 1)
      return bits.to(.f64) * Tensor(0x1p-53)
    }
    let bits = (randomBits(shape, dtype: .i32, key: key) >> 8) & Tensor((1 << 24) - 1)
    return bits.to(.f32) * Tensor(0x1p-24)
  }

  /// Normal with the given mean and standard deviation, by the method of Box and Muller: each
  /// element from 64 bits of its own.
  public static func normal(
    _ shape: Shape, mean: Double = 0, std: Double = 1, dtype: DType = .defaultFloating,
    key: RandomKey? = nil
  ) -> Tensor {
    let width: DType = dtype == .f64 ? .f64 : .f32
    let bits = randomBits(shape, dtype: .i64, key: key)
    // In the open unit interval, so that the logarithm is finite.
    let first = ((bits & Tensor(0xFFFF_FFFF)).to(width) + 0.5) * Tensor(0x1p-32)
    let second = ((bits >> 32) & Tensor(0xFFFF_FFFF)).to(width)
    let radius = sqrt(log(first) * -2)
    let angle = second * Tensor(2 * Double.pi * 0x1p-32)
    let standard = radius * cos(angle)
    return (standard * Tensor(std) + Tensor(mean)).to(dtype)
  }

  /// Normal, but only from `low` to `high`, which are in units of the distribution itself, as in
  /// PyTorch's `trunc_normal_`. By inversion of the distribution function.
  public static func truncatedNormal(
    _ shape: Shape, mean: Double = 0, std: Double = 1, low: Double = -2, high: Double = 2,
    dtype: DType = .defaultFloating, key: RandomKey? = nil
  ) -> Tensor {
    let least = (low - mean) / (std * 2.0.squareRoot())
    let greatest = (high - mean) / (std * 2.0.squareRoot())
    let width: DType = dtype == .f64 ? .f64 : .f32
    let fraction = unitInterval(shape, wide: true, key: key)
    let from = ErrorFunction.value(least)
    let to = ErrorFunction.value(greatest)
    let cut = (fraction * Tensor(to - from) + Tensor(from)).to(width)
    let value = erfInverse(cut) * Tensor(std * 2.0.squareRoot()) + Tensor(mean)
    return value.clamped(Tensor(low), Tensor(high)).to(dtype)
  }

  /// True with the given probability.
  public static func bernoulli(
    _ shape: Shape, probability: Double = 0.5, key: RandomKey? = nil
  ) -> Tensor {
    unitInterval(shape, wide: false, key: key) .< Tensor(probability)
  }

  /// True with the probability that stands at the same place in `probabilities`.
  public static func bernoulli(_ probabilities: Tensor, key: RandomKey? = nil) -> Tensor {
    unitInterval(probabilities.shape, wide: false, key: key) .< probabilities
  }

  /// Whole numbers in `range`, all equally likely up to 2⁻⁵³ of the range's length.
  public static func randomIntegers(
    _ shape: Shape, in range: Range<Int>, dtype: DType = .i64, key: RandomKey? = nil
  ) -> Tensor {
    check(!range.isEmpty, .argument, "randomIntegers", "the range \(range) is empty")
    let fraction = unitInterval(shape, wide: true, key: key)
    let steps = floor(fraction * Tensor(Double(range.count))).to(.i64)
    return (steps + Tensor(range.lowerBound)).to(dtype)
  }

  /// The numbers `0..<count` in random order.
  public static func permutation(_ count: Int, key: RandomKey? = nil) -> Tensor {
    randomBits([count], dtype: .i64, key: key).argSort()
  }

  /// Standard Gumbel noise, -log(-log(u)).
  public static func gumbel(
    _ shape: Shape, dtype: DType = .defaultFloating, key: RandomKey? = nil
  ) -> Tensor {
    let bits = randomBits(shape, dtype: .i64, key: key)
    let open = (((bits >> 12) & Tensor((1 << 52) - 1)).to(.f64) + 0.5) * Tensor(0x1p-52)
    return (-log(-log(open))).to(dtype)
  }

  /// For each row of unnormalised log-probabilities along the last axis the index of one class.
  public static func categorical(logits: Tensor, key: RandomKey? = nil) -> Tensor {
    (logits + gumbel(logits.shape, key: key).to(logits.asFloating.dtype)).argMax(axis: -1)
  }
}

/// The inverse of `erf` on -1...1, by Giles' approximation (2012) and one step of Newton's method;
/// accurate to a few units in the last place of f32, and to 1e-12 in f64.
public func erfInverse(_ x: Tensor) -> Tensor {
  let x = x.asFloating
  let w = -log((1 - x) * (1 + x))
  let central = horner(
    w - 2.5,
    [
      2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
      -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
    ])
  let tail = horner(
    sqrt(w) - 3,
    [
      -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
      -0.0076224613, 0.00943887047, 1.00167406, 2.83297682,
    ])
  let first = Tensor.where(w .< 5, central, tail) * x
  let isEdge = abs(x) .>= 1
  let start = Tensor.where(isEdge, 0, first)
  // erf'(y) = 2 / sqrt(pi) · exp(-y²)
  let slope = exp(-(start * start)) * Tensor(1.1283791670955126)
  let refined = start - (erf(start) - x) / slope
  let endpoint = Tensor.where(abs(x) .> 1, x.filledLike(Double.nan), x * Tensor(Double.infinity))
  return Tensor.where(isEdge, endpoint, refined)
}

/// A polynomial, the highest coefficient first.
private func horner(_ x: Tensor, _ coefficients: [Double]) -> Tensor {
  var result = x.filledLike(coefficients[0])
  for coefficient in coefficients.dropFirst() { result = result * x + Tensor(coefficient) }
  return result
}
