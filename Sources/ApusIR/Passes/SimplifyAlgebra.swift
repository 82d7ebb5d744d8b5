/// Arithmetic that a person would not do: x·1, −(−x), a division by 2.
///
/// Rules for floating point keep every bit, so x + 0 stays (it turns -0 into 0) unless x cannot be
/// -0, and x + (-0) always goes. The one exception is `power` with the exponent 2 or -1, which
/// becomes x·x or 1/x: correctly rounded, where `power` itself promises no last place. An exponent
/// of 1/2 stays, as it differs from `sqrt` at -0 and minus infinity.
struct SimplifyAlgebra: PeepholePass {
  typealias Value = Program.Value

  /// For each value the value of maximum(x, 0) or select(x ≤ 0, 0, x), where the program has one.
  private var rectified: [Value: Value] = [:]

  init() {}

  mutating func simplify(
    _ instruction: Program.Instruction, _ operands: [Value], in rewriter: inout ProgramRewriter
  ) -> Value? {
    let module = instruction.module
    switch instruction.primitive {
    case .unary(let op):
      return simplify(op, operands[0], module, &rewriter)
    case .binary(let op):
      let value = simplify(op, operands[0], operands[1], module, &rewriter)
      if value == nil, op == .maximum { noteRectifier(operands, in: rewriter) }
      return value
    case .compare(let op):
      return simplify(op, operands[0], operands[1], module, &rewriter)
    case .select:
      let value = simplifySelect(operands[0], operands[1], operands[2], module, &rewriter)
      if value == nil { noteRectifier(select: operands, in: rewriter) }
      return value
    case .cast(let dtype):
      return simplifyCast(operands[0], to: dtype, module, &rewriter)
    default:
      return nil
    }
  }

  // MARK: - Functions of one number

  private func simplify(
    _ op: Unary, _ x: Value, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    guard let inner = rewriter.producer(x) else { return nil }
    switch (op, inner.primitive) {
    case (.negate, .unary(.negate)), (.not, .unary(.not)):
      return inner.operands[0]
    case (.absolute, .unary(.absolute)), (.sign, .unary(.sign)):
      return x
    case (.floor, .unary(.floor)), (.floor, .unary(.ceil)), (.floor, .unary(.round)),
      (.ceil, .unary(.floor)), (.ceil, .unary(.ceil)), (.ceil, .unary(.round)),
      (.round, .unary(.floor)), (.round, .unary(.ceil)), (.round, .unary(.round)):
      return x
    case (.absolute, .unary(.negate)) where rewriter.type(x).dtype != .u8:
      return rewriter.emit(.unary(.absolute), inner.operands, module: module)
    case (.negate, .binary(.subtract)) where rewriter.type(x).dtype.isInteger:
      return rewriter.emit(.binary(.subtract), inner.operands.reversed(), module: module)
    case (.negate, .binary(.multiply)), (.negate, .binary(.divide)):
      // −(x·c) is x·(−c). Not for the least integer, whose quotients are special.
      guard rewriter.type(x).dtype.isFloating, rewriter.isUsedOnce(x),
        let c = rewriter.constant(inner.operands[1])
      else { return nil }
      let negated = rewriter.emitConstant(
        .floating(-c.double), rewriter.type(x), module: module)
      return rewriter.emit(inner.primitive, [inner.operands[0], negated], module: module)
    case (.not, .compare(let comparison)):
      let type = rewriter.type(inner.operands[0])
      guard let opposite = comparison.negated(type.dtype) else { return nil }
      return rewriter.emit(.compare(opposite), inner.operands, module: module)
    default:
      return nil
    }
  }

  // MARK: - Comparisons and choices

  private func simplify(
    _ op: Comparison, _ a: Value, _ b: Value, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let type = rewriter.type(a)
    if a == b, !type.dtype.isFloating {
      let holds = op == .equal || op == .lessEqual || op == .greaterEqual
      return rewriter.emitConstant(.bool(holds), TensorType(.bool, type.shape), module: module)
    }
    if rewriter.constant(a) != nil, rewriter.constant(b) == nil {
      return simplify(op.swapped, b, a, module, &rewriter)
        ?? rewriter.emit(.compare(op.swapped), [b, a], module: module)
    }
    guard let c = rewriter.constant(b) else { return nil }
    if op == .equal || op == .notEqual {
      // A comparison of a truth value, perhaps as a number, with false or true.
      var truth: Value?
      if type.dtype == .bool { truth = a }
      if let inner = rewriter.producer(a), case .cast = inner.primitive,
        rewriter.type(inner.operands[0]).dtype == .bool
      {
        truth = inner.operands[0]
      }
      guard let truth, c.double == 0 || c.double == 1 else { return nil }
      if (op == .equal) == (c.double == 1) { return truth }
      return rewriter.emit(.unary(.not), [truth], module: module)
    }
    // The sign of x is that of maximum(x, 0), so what comes before a ReLU need not be kept for its
    // gradient. Both comparisons are false for NaN.
    if c.double == 0, op == .greater || op == .lessEqual, let output = rectified[a] {
      return rewriter.emit(.compare(op), [output, b], module: module)
    }
    return nil
  }

  private mutating func noteRectifier(_ operands: [Value], in rewriter: ProgramRewriter) {
    let (a, b) = (operands[0], operands[1])
    let output = rewriter.result.types.count
    if rewriter.constant(b)?.double == 0 { rectified[a] = output }
    if rewriter.constant(a)?.double == 0 { rectified[b] = output }
  }

  /// select(x ≤ 0, 0, x): positive exactly where x is, NaN where x is.
  private mutating func noteRectifier(select operands: [Value], in rewriter: ProgramRewriter) {
    guard let test = rewriter.producer(operands[0]), case .compare(.lessEqual) = test.primitive,
      test.operands[0] == operands[2], rewriter.constant(test.operands[1])?.double == 0,
      rewriter.constant(operands[1])?.double == 0
    else { return }
    rectified[operands[2]] = rewriter.result.types.count
  }

  private func simplifySelect(
    _ condition: Value, _ a: Value, _ b: Value, _ module: String?,
    _ rewriter: inout ProgramRewriter
  ) -> Value? {
    if a == b { return a }
    if let known = rewriter.constant(condition) { return known.bool ? a : b }
    if let inner = rewriter.producer(condition), case .unary(.not) = inner.primitive {
      return rewriter.emit(.select, [inner.operands[0], b, a], module: module)
    }
    if let x = rewriter.constant(a), let y = rewriter.constant(b) {
      if x == y { return a }
      let type = rewriter.type(a)
      if x == .one(type.dtype), y == .zero(type.dtype) {
        return type.dtype == .bool
          ? condition : rewriter.emit(.cast(type.dtype), [condition], module: module)
      }
      if type.dtype == .bool { return rewriter.emit(.unary(.not), [condition], module: module) }
    }
    // What depends on the sign of x after a ReLU of x asks the ReLU's result.
    if let test = rewriter.producer(condition), case .compare(let op) = test.primitive,
      op == .greater || op == .lessEqual, rewriter.constant(test.operands[1])?.double == 0,
      let output = rectified[test.operands[0]]
    {
      let asked = rewriter.emit(.compare(op), [output, test.operands[1]], module: module)
      return rewriter.emit(.select, [asked, a, b], module: module)
    }
    // A choice inside a choice by the same condition.
    if let inner = rewriter.producer(a), case .select = inner.primitive,
      inner.operands[0] == condition
    {
      return rewriter.emit(.select, [condition, inner.operands[1], b], module: module)
    }
    if let inner = rewriter.producer(b), case .select = inner.primitive,
      inner.operands[0] == condition
    {
      return rewriter.emit(.select, [condition, a, inner.operands[2]], module: module)
    }
    return nil
  }

  // MARK: - Casts

  private func simplifyCast(
    _ x: Value, to dtype: DType, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let middle = rewriter.type(x).dtype
    if middle == dtype { return x }
    guard let inner = rewriter.producer(x), case .cast = inner.primitive else { return nil }
    let first = inner.operands[0]
    let source = rewriter.type(first).dtype
    guard source.castIsUnchanged(through: middle, to: dtype) else { return nil }
    return source == dtype ? first : rewriter.emit(.cast(dtype), [first], module: module)
  }
}

extension Comparison {
  /// The comparison that holds of (b, a) when this one holds of (a, b).
  var swapped: Comparison {
    switch self {
    case .equal, .notEqual: self
    case .less: .greater
    case .lessEqual: .greaterEqual
    case .greater: .less
    case .greaterEqual: .lessEqual
    }
  }

  /// The comparison that holds when this one does not; nil where NaNs fail both.
  func negated(_ dtype: DType) -> Comparison? {
    switch self {
    case .equal: return .notEqual
    case .notEqual: return .equal
    default: break
    }
    if dtype.isFloating { return nil }
    switch self {
    case .less: return .greaterEqual
    case .lessEqual: return .greater
    case .greater: return .lessEqual
    default: return .less
    }
  }
}

extension DType {
  /// Whether every number of this dtype is one of `other`.
  func embeds(in other: DType) -> Bool {
    if self == other || self == .bool { return true }
    switch self {
    case .bool: return true
    case .u8: return other != .bool && other != .i8
    case .i8: return other != .bool && other != .u8
    case .i16: return other == .i32 || other == .i64 || other == .f32 || other == .f64
    case .i32: return other == .i64 || other == .f64
    case .i64, .f64: return false
    case .f16, .bf16: return other == .f32 || other == .f64
    case .f32: return other == .f64
    }
  }

  /// Whether a cast to `middle` and on to `last` is the same as one to `last`.
  func castIsUnchanged(through middle: DType, to last: DType) -> Bool {
    // Integers wrap, so what the first cast cuts off, the second would.
    if category == .integer, middle.isInteger, last.isInteger {
      return embeds(in: middle) || last.byteCount <= middle.byteCount
    }
    // A floating number outside an integer's range does not wrap.
    if category == .integer, middle.isFloating, last.isInteger, !embeds(in: last) { return false }
    // i32 through f64 is rounded once to f16; a direct cast may go through f32.
    if self == .i32, last == .f16 || last == .bf16 { return false }
    return embeds(in: middle)
  }
}
