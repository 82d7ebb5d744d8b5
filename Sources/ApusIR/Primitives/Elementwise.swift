/// A function of one number, applied to every element.
///
/// Floating point only, except `negate`, `absolute`, `sign` (also integers) and `not`
/// (`bool`: logical; integers: every bit). 16-bit types are computed in f32 and rounded.
public enum Unary: String, CaseIterable, Hashable, Sendable {
  case negate, absolute
  /// -1, 0 or 1; 0 for a NaN, as in PyTorch.
  case sign
  case floor, ceil
  /// To the nearest integer, ties to even.
  case round
  case exp
  /// exp(x) - 1, accurate near 0.
  case expm1
  case log
  /// log(1 + x), accurate near 0.
  case log1p
  case sqrt
  /// 1 / sqrt(x)
  case rsqrt
  case sin, cos, tan, atan, tanh
  /// The Gauss error function.
  case erf
  /// 1 / (1 + exp(-x))
  case sigmoid
  case not
}

/// A function of two numbers, applied to every pair of elements of operands of one type.
public enum Binary: String, CaseIterable, Hashable, Sendable {
  case add, subtract, multiply
  /// Integers: truncated toward zero; division by zero gives 0, the least value by -1 wraps.
  case divide
  /// What truncated division leaves, with the sign of the dividend. Integers: by zero gives 0.
  case remainder
  /// Integers: a negative exponent gives 0, except for bases 1 and -1; overflow wraps.
  case power
  /// A NaN in either operand gives NaN. Of 0.0 and -0.0 it may give either; so may `minimum`.
  case maximum
  /// A NaN in either operand gives NaN.
  case minimum
  /// The angle of the point (second, first). Floating point only.
  case atan2
  /// `bool`: logical; integers: every bit.
  case and, or, xor
  /// Integers only. A shift by a negative number or by the width or more gives 0.
  case shiftLeft
  /// Integers only. Fills with the sign bit; a shift by a negative number or by the width or more
  /// gives what a shift by the width less one gives.
  case shiftRight
}

/// A comparison of two elements; the result is `bool`. IEEE 754: a NaN differs from everything.
public enum Comparison: String, CaseIterable, Hashable, Sendable {
  case equal, notEqual, less, lessEqual, greater, greaterEqual
}

extension Unary {
  /// Whether the function is defined for a dtype.
  public func supports(_ dtype: DType) -> Bool {
    switch self {
    case .negate, .absolute, .sign: dtype != .bool
    case .not: !dtype.isFloating
    default: dtype.isFloating
    }
  }
}

extension Binary {
  /// Whether the function is defined for a dtype.
  public func supports(_ dtype: DType) -> Bool {
    switch self {
    case .add, .subtract, .multiply, .divide, .remainder, .power: dtype != .bool
    case .maximum, .minimum: true
    case .atan2: dtype.isFloating
    case .and, .or, .xor: !dtype.isFloating
    case .shiftLeft, .shiftRight: dtype.isInteger
    }
  }
}

extension Primitive {
  func inferUnary(_ op: Unary, _ operands: [TensorType]) throws(TensorError) -> TensorType {
    try expect(operands, count: 1)
    try expect(op.supports(operands[0].dtype), operands[0].dtype)
    return operands[0]
  }

  func inferBinary(_ op: Binary, _ operands: [TensorType]) throws(TensorError) -> TensorType {
    try expect(operands, count: 2)
    try expectSameType(operands[0], operands[1])
    try expect(op.supports(operands[0].dtype), operands[0].dtype)
    return operands[0]
  }

  func inferCompare(_ operands: [TensorType]) throws(TensorError) -> TensorType {
    try expect(operands, count: 2)
    try expectSameType(operands[0], operands[1])
    return TensorType(.bool, operands[0].shape)
  }

  func inferSelect(_ operands: [TensorType]) throws(TensorError) -> TensorType {
    try expect(operands, count: 3)
    guard operands[0].dtype == .bool else {
      throw failure(.dtype, "the condition must be bool, got \(operands[0].dtype)")
    }
    try expectSameType(operands[1], operands[2])
    guard operands[0].shape == operands[1].shape else {
      throw failure(
        .shape, "condition shape \(operands[0].shape) and value shape \(operands[1].shape) differ")
    }
    return operands[1]
  }

  private func expect(_ supported: Bool, _ dtype: DType) throws(TensorError) {
    guard supported else {
      throw failure(
        .dtype, "is not defined for \(dtype)",
        hint: "convert the operand first, for instance with .to(.f32).")
    }
  }
}
