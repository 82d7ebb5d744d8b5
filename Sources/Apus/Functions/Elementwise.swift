// Functions of every element. Integers and `bool` are computed as `f32` where the result is not a
// whole number, as in PyTorch.

import ApusIR

// MARK: - Primitives

/// On floating-point operands; others are converted first.
private func floating(_ op: Unary, _ x: Tensor, as name: String? = nil) -> Tensor {
  Tensor.apply(.unary(op), [x.asFloating], as: name)
}

/// Whole numbers stay as they are.
private func rounding(_ op: Unary, _ x: Tensor) -> Tensor {
  x.dtype.isFloating ? Tensor.apply(.unary(op), [x]) : x
}

extension Tensor {
  /// This tensor, integers and `bool` converted to the default floating dtype.
  var asFloating: Tensor { dtype.isFloating ? self : to(.defaultFloating) }
}

public func abs(_ x: Tensor) -> Tensor { Tensor.apply(.unary(.absolute), [x], as: "abs") }
/// -1, 0 or 1.
public func sign(_ x: Tensor) -> Tensor { Tensor.apply(.unary(.sign), [x]) }
public func floor(_ x: Tensor) -> Tensor { rounding(.floor, x) }
public func ceil(_ x: Tensor) -> Tensor { rounding(.ceil, x) }
/// To the nearest whole number, ties to even.
public func round(_ x: Tensor) -> Tensor { rounding(.round, x) }
/// Toward zero.
public func trunc(_ x: Tensor) -> Tensor {
  x.dtype.isFloating ? Tensor.where(x .< 0, ceil(x), floor(x)) : x
}
public func exp(_ x: Tensor) -> Tensor { floating(.exp, x) }
/// exp(x) - 1, accurate near 0.
public func expm1(_ x: Tensor) -> Tensor { floating(.expm1, x) }
public func log(_ x: Tensor) -> Tensor { floating(.log, x) }
/// log(1 + x), accurate near 0.
public func log1p(_ x: Tensor) -> Tensor { floating(.log1p, x) }
public func sqrt(_ x: Tensor) -> Tensor { floating(.sqrt, x) }
/// 1 / sqrt(x)
public func rsqrt(_ x: Tensor) -> Tensor { floating(.rsqrt, x) }
public func sin(_ x: Tensor) -> Tensor { floating(.sin, x) }
public func cos(_ x: Tensor) -> Tensor { floating(.cos, x) }
public func tan(_ x: Tensor) -> Tensor { floating(.tan, x) }
public func atan(_ x: Tensor) -> Tensor { floating(.atan, x) }
public func tanh(_ x: Tensor) -> Tensor { floating(.tanh, x) }
/// The Gauss error function.
public func erf(_ x: Tensor) -> Tensor { floating(.erf, x) }
/// 1 / (1 + exp(-x))
public func sigmoid(_ x: Tensor) -> Tensor { floating(.sigmoid, x) }

// MARK: - Composed

/// 2 to the power x.
public func exp2(_ x: Tensor) -> Tensor {
  let x = x.asFloating
  return pow(2, x)
}
public func log2(_ x: Tensor) -> Tensor { log(x) * Tensor(1.4426950408889634) }
public func log10(_ x: Tensor) -> Tensor { log(x) * Tensor(0.4342944819032518) }
public func square(_ x: Tensor) -> Tensor { x * x }
public func reciprocal(_ x: Tensor) -> Tensor { 1 / x }

/// Of x in -1...1.
public func asin(_ x: Tensor) -> Tensor {
  let x = x.asFloating
  return atan2(x, sqrt((1 - x) * (1 + x)))
}

/// Of x in -1...1.
public func acos(_ x: Tensor) -> Tensor {
  let x = x.asFloating
  return atan2(sqrt((1 - x) * (1 + x)), x)
}

public func sinh(_ x: Tensor) -> Tensor {
  let e = expm1(x)
  return 0.5 * (e + e / (e + 1))
}

public func cosh(_ x: Tensor) -> Tensor {
  let e = exp(x)
  return 0.5 * (e + 1 / e)
}

public func asinh(_ x: Tensor) -> Tensor {
  let magnitude = abs(x.asFloating)
  let square = magnitude * magnitude
  let small = square / (1 + sqrt(square + 1))
  return sign(x) * log1p(magnitude + small)
}

/// Of x from 1.
public func acosh(_ x: Tensor) -> Tensor {
  let y = x.asFloating - 1
  return log1p(y + sqrt(y * (y + 2)))
}

/// Of x in -1...1.
public func atanh(_ x: Tensor) -> Tensor {
  let x = x.asFloating
  return 0.5 * (log1p(x) - log1p(-x))
}

/// 1 - erf(x). For large x no more accurate than that difference.
public func erfc(_ x: Tensor) -> Tensor { 1 - erf(x) }

/// log(sigmoid(x)), finite for all finite x.
public func logSigmoid(_ x: Tensor) -> Tensor { -softplus(-x) }

/// log(1 + exp(x)), finite for all finite x.
public func softplus(_ x: Tensor) -> Tensor {
  let x = x.asFloating
  return maximum(x, 0) + log1p(exp(-abs(x)))
}

/// log(exp(a) + exp(b)) without overflow.
public func logAddExp(_ a: Tensor, _ b: Tensor) -> Tensor {
  let pair = Tensor.matched([a, b], "logAddExp", floating: true)
  let difference = pair[0] - pair[1]
  let sum = maximum(pair[0], pair[1]) + log1p(exp(-abs(difference)))
  // Equal infinities have no difference.
  return Tensor.where(pair[0] .== pair[1], pair[0] + Tensor(0.6931471805599453), sum)
}

/// a + weight · (b - a)
public func lerp(_ a: Tensor, _ b: Tensor, _ weight: Tensor) -> Tensor { a + weight * (b - a) }

/// The length of the vector (a, b), without overflow.
public func hypot(_ a: Tensor, _ b: Tensor) -> Tensor {
  let pair = Tensor.matched([a, b], "hypot", floating: true)
  let x = abs(pair[0])
  let y = abs(pair[1])
  let larger = maximum(x, y)
  let divisor = Tensor.where(larger .== 0, 1, larger)
  let ratio = minimum(x, y) / divisor
  return larger * sqrt(1 + ratio * ratio)
}

// MARK: - Kinds of numbers

public func isNaN(_ x: Tensor) -> Tensor { x .!= x }
public func isInfinite(_ x: Tensor) -> Tensor {
  x.dtype.isFloating ? abs(x) .== Tensor(Double.infinity) : x.filledLike(false, dtype: .bool)
}
public func isFinite(_ x: Tensor) -> Tensor {
  x.dtype.isFloating ? abs(x) .< Tensor(Double.infinity) : x.filledLike(true, dtype: .bool)
}

// MARK: - Two operands

/// `a` to the power `b`.
public func pow(_ a: Tensor, _ b: Tensor) -> Tensor {
  if let exponent = b.number?.double, exponent == 2, a.number == nil, a.dtype != .bool {
    return a * a
  }
  return Tensor.binary(.power, a, b, as: "pow")
}

/// The greater of each pair; a NaN in either gives NaN.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.binary(.maximum, a, b) }

/// The smaller of each pair; a NaN in either gives NaN.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.binary(.minimum, a, b) }

/// The angle of the point (x, y).
public func atan2(_ y: Tensor, _ x: Tensor) -> Tensor {
  Tensor.apply(.binary(.atan2), Tensor.matched([y, x], "atan2", floating: true))
}

/// What division toward zero leaves; it has the sign of `a` (C's `fmod` and `%`).
public func fmod(_ a: Tensor, _ b: Tensor) -> Tensor {
  Tensor.binary(.remainder, a, b, as: "fmod")
}

/// What division toward minus infinity leaves; it has the sign of `b` (Python's `%`).
public func remainder(_ a: Tensor, _ b: Tensor) -> Tensor {
  let pair = Tensor.matched([a, b], "remainder")
  let rest = Tensor.binary(.remainder, pair[0], pair[1])
  let differs = (rest .!= 0) & ((rest .< 0) .!= (pair[1] .< 0))
  return Tensor.where(differs, rest + pair[1], rest)
}

/// The whole quotient, rounded toward minus infinity (Python's `//`). Integers stay integers; an
/// integer divided by zero gives 0.
public func floorDivide(_ a: Tensor, _ b: Tensor) -> Tensor {
  let pair = Tensor.matched([a, b], "floorDivide")
  let (a, b) = (pair[0], pair[1])
  if a.dtype.isFloating {
    let whole = round((a - remainder(a, b)) / b)
    return Tensor.where(b .== 0, a / b, whole)
  }
  let quotient = Tensor.apply(.binary(.divide), [a, b], as: "floorDivide")
  let rest = Tensor.apply(.binary(.remainder), [a, b], as: "floorDivide")
  let differs = (rest .!= 0) & ((rest .< 0) .!= (b .< 0))
  return Tensor.where(differs, quotient - 1, quotient)
}

extension Tensor {
  /// `a` where the condition holds, else `b`; all three are broadcast together.
  public static func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    guard
      check(
        condition.dtype == .bool, .dtype, "where", "the condition must be bool, got \(condition.dtype)",
        hint: "compare, for instance x .!= 0.")
    else { return a }
    let dtype = commonDType([a, b])
    let device = [condition, a, b].first { $0.number == nil }?.device ?? .current
    let values = [a, b].map { $0.matched(TensorType(dtype, $0.shape), device: device) }
    let all = broadcast([condition] + values, "where", dtype: nil)
    return apply(.select, all, as: "where")
  }

  /// The elements, none below `low`, none above `high`; a NaN stays a NaN. At the bounds the
  /// gradient is 1, as in PyTorch.
  public func clamped(_ low: Tensor? = nil, _ high: Tensor? = nil) -> Tensor {
    var result = self
    if let low { result = Tensor.where(result .< low, low, result) }
    if let high { result = Tensor.where(result .> high, high, result) }
    return result
  }
}

/// The elements of `x`, none below `low`, none above `high`.
public func clamp(_ x: Tensor, _ low: Tensor? = nil, _ high: Tensor? = nil) -> Tensor {
  x.clamped(low, high)
}
