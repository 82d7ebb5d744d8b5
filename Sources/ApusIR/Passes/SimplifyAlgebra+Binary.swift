// The rules for functions of two numbers.

extension SimplifyAlgebra {
  func simplify(
    _ op: Binary, _ a: Value, _ b: Value, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let type = rewriter.type(a)
    switch op {
    case .add: return sum(a, b, type, module, &rewriter)
    case .subtract: return difference(a, b, type, module, &rewriter)
    case .multiply: return product(a, b, type, module, &rewriter)
    case .divide: return quotient(a, b, type, module, &rewriter)
    case .power: return power(a, b, type, module, &rewriter)
    case .maximum, .minimum: return extreme(op, a, b, type, module, &rewriter)
    case .and, .or, .xor: return bits(op, a, b, type, module, &rewriter)
    case .remainder:
      guard type.dtype.isInteger, let c = rewriter.constant(b)?.int64, c == 1 || c == -1 else {
        return nil
      }
      return rewriter.emitConstant(.integer(0), type, module: module)
    case .shiftLeft, .shiftRight:
      return rewriter.constant(b)?.int64 == 0 ? a : nil
    case .atan2:
      return nil
    }
  }

  private func sum(
    _ a: Value, _ b: Value, _ type: TensorType, _ module: String?,
    _ rewriter: inout ProgramRewriter
  ) -> Value? {
    if isNeutral(b, for: a, negative: true, rewriter) { return a }
    if isNeutral(a, for: b, negative: true, rewriter) { return b }
    if let inner = negated(b, rewriter) {
      return rewriter.emit(.binary(.subtract), [a, inner], module: module)
    }
    if let inner = negated(a, rewriter) {
      return rewriter.emit(.binary(.subtract), [b, inner], module: module)
    }
    return collected(.add, a, b, type, module, &rewriter)
  }

  private func difference(
    _ a: Value, _ b: Value, _ type: TensorType, _ module: String?,
    _ rewriter: inout ProgramRewriter
  ) -> Value? {
    if isNeutral(b, for: a, negative: false, rewriter) { return a }
    if let inner = negated(b, rewriter) {
      return rewriter.emit(.binary(.add), [a, inner], module: module)
    }
    if a == b, type.dtype.isInteger {
      return rewriter.emitConstant(.integer(0), type, module: module)
    }
    // 0 − x is −x, but 0 − 0 is not -0.
    if let c = rewriter.constant(a), c.double == 0, type.dtype.isInteger || c.double.sign == .minus
    {
      return rewriter.emit(.unary(.negate), [b], module: module)
    }
    return nil
  }

  private func product(
    _ a: Value, _ b: Value, _ type: TensorType, _ module: String?,
    _ rewriter: inout ProgramRewriter
  ) -> Value? {
    for (x, factor) in [(a, b), (b, a)] {
      guard let c = rewriter.constant(factor) else { continue }
      if c == .one(type.dtype) { return x }
      if c == Scalar.integer(-1).converted(to: type.dtype), type.dtype != .u8 {
        return rewriter.emit(.unary(.negate), [x], module: module)
      }
      if type.dtype.isInteger, c.int64 == 0 { return factor }
      if type.dtype.isFloating, let inner = negated(x, rewriter) {
        let opposite = rewriter.emitConstant(.floating(-c.double), type, module: module)
        return rewriter.emit(.binary(.multiply), [inner, opposite], module: module)
      }
    }
    if let x = negated(a, rewriter), let y = negated(b, rewriter) {
      return rewriter.emit(.binary(.multiply), [x, y], module: module)
    }
    return collected(.multiply, a, b, type, module, &rewriter)
  }

  private func quotient(
    _ a: Value, _ b: Value, _ type: TensorType, _ module: String?,
    _ rewriter: inout ProgramRewriter
  ) -> Value? {
    guard let c = rewriter.constant(b) else { return nil }
    if c == .one(type.dtype) { return a }
    if c == Scalar.integer(-1).converted(to: type.dtype), type.dtype != .u8 {
      return rewriter.emit(.unary(.negate), [a], module: module)
    }
    // A power of two whose reciprocal is a normal number: both are the same number, rounded once.
    guard type.dtype.isFloating, c.double.isNormal, c.double.significand == 1 else { return nil }
    let reciprocal = Scalar.floating(1 / c.double)
    guard c.double.exponent.magnitude <= type.dtype.largestExactExponent,
      reciprocal == reciprocal.converted(to: type.dtype)
    else { return nil }
    let factor = rewriter.emitConstant(reciprocal, type, module: module)
    return rewriter.emit(.binary(.multiply), [a, factor], module: module)
  }

  private func power(
    _ a: Value, _ b: Value, _ type: TensorType, _ module: String?,
    _ rewriter: inout ProgramRewriter
  ) -> Value? {
    guard let exponent = rewriter.constant(b)?.double else { return nil }
    switch exponent {
    case 0: return rewriter.emitConstant(.integer(1), type, module: module)
    case 1: return a
    case 2: return rewriter.emit(.binary(.multiply), [a, a], module: module)
    case -1 where type.dtype.isFloating:
      let one = rewriter.emitConstant(.integer(1), type, module: module)
      return rewriter.emit(.binary(.divide), [one, a], module: module)
    default: return nil
    }
  }

  private func extreme(
    _ op: Binary, _ a: Value, _ b: Value, _ type: TensorType, _ module: String?,
    _ rewriter: inout ProgramRewriter
  ) -> Value? {
    if a == b { return a }
    let (neutral, absorbing): (Scalar, Scalar) =
      op == .maximum
      ? (.lowest(type.dtype), .highest(type.dtype)) : (.highest(type.dtype), .lowest(type.dtype))
    for (x, other) in [(a, b), (b, a)] {
      guard let c = rewriter.constant(other) else { continue }
      if c == neutral { return x }
      if c == absorbing, !type.dtype.isFloating { return other }
    }
    return collected(op, a, b, type, module, &rewriter)
  }

  private func bits(
    _ op: Binary, _ a: Value, _ b: Value, _ type: TensorType, _ module: String?,
    _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let none = Scalar.zero(type.dtype)
    let all = type.dtype == .bool ? Scalar.bool(true) : Scalar.integer(-1).converted(to: type.dtype)
    if a == b { return op == .xor ? rewriter.emitConstant(none, type, module: module) : a }
    for (x, other) in [(a, b), (b, a)] {
      guard let c = rewriter.constant(other) else { continue }
      switch op {
      case .and where c == all, .or where c == none, .xor where c == none: return x
      case .and where c == none, .or where c == all: return other
      case .xor where c == all: return rewriter.emit(.unary(.not), [x], module: module)
      default: break
      }
    }
    return collected(op, a, b, type, module, &rewriter)
  }

  // MARK: - What the rules share

  /// (x ∘ c) ∘ d is x ∘ (c ∘ d) where that is exact: integers, and the greater or smaller number.
  private func collected(
    _ op: Binary, _ a: Value, _ b: Value, _ type: TensorType, _ module: String?,
    _ rewriter: inout ProgramRewriter
  ) -> Value? {
    guard !type.dtype.isFloating || op == .maximum || op == .minimum else { return nil }
    for (x, other) in [(a, b), (b, a)] {
      guard let d = rewriter.constant(other), let inner = rewriter.producer(x),
        inner.primitive == .binary(op)
      else { continue }
      for (y, constant) in [
        (inner.operands[0], inner.operands[1]), (inner.operands[1], inner.operands[0]),
      ] {
        guard let c = rewriter.constant(constant),
          let both = ScalarArithmetic.binary(op, c, d, type.dtype)
        else { continue }
        let factor = rewriter.emitConstant(both, type, module: module)
        return rewriter.emit(.binary(op), [y, factor], module: module)
      }
    }
    return nil
  }

  /// The operand of a negation.
  private func negated(_ value: Value, _ rewriter: ProgramRewriter) -> Value? {
    guard let inner = rewriter.producer(value), inner.primitive == .unary(.negate) else {
      return nil
    }
    return inner.operands[0]
  }

  /// Whether adding (`negative`) or subtracting the value leaves every bit of `other`: the zero of
  /// the right sign, or any zero where `other` is never -0.
  private func isNeutral(
    _ value: Value, for other: Value, negative: Bool, _ rewriter: ProgramRewriter
  ) -> Bool {
    guard let c = rewriter.constant(value), c.double == 0 else { return false }
    guard case .floating(let zero) = c else { return true }
    return (zero.sign == .minus) == negative || isNeverNegativeZero(other, rewriter)
  }

  private func isNeverNegativeZero(_ value: Value, _ rewriter: ProgramRewriter) -> Bool {
    guard let producer = rewriter.producer(value) else { return false }
    switch producer.primitive {
    case .unary(.exp), .unary(.sigmoid), .unary(.absolute), .iota: return true
    case .constant(let c, _): return !(c.double == 0 && c.double.sign == .minus)
    case .binary(.multiply): return producer.operands[0] == producer.operands[1]
    case .cast: return !rewriter.type(producer.operands[0]).dtype.isFloating
    default: return false
    }
  }
}

extension DType {
  /// Powers of two with exponents up to this are normal numbers, and so are their reciprocals.
  fileprivate var largestExactExponent: Int {
    switch self {
    case .f16: 14
    case .bf16, .f32: 126
    default: 1022
    }
  }
}
