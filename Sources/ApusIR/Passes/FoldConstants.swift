/// Computes what is known now: operations on constants (one number in every element), on nothing
/// (empty results, reductions over no element), and movements that keep a constant as it is.
///
/// Sums and products of equal floating numbers are folded only where no order of adding rounds.
/// Functions such as `exp` are the C library's, which may differ in the last place from an engine's.
struct FoldConstants: PeepholePass {
  init() {}

  mutating func simplify(
    _ instruction: Program.Instruction, _ operands: [Program.Value],
    in rewriter: inout ProgramRewriter
  ) -> Program.Value? {
    let type = rewriter.source.types[instruction.result]
    guard let value = Self.value(of: instruction.primitive, operands, type, in: rewriter) else {
      return nil
    }
    return rewriter.emitConstant(value, type, module: instruction.module)
  }

  /// The number in every element of the result, where it is known.
  private static func value(
    of primitive: Primitive, _ operands: [Program.Value], _ type: TensorType,
    in rewriter: ProgramRewriter
  ) -> Scalar? {
    switch primitive {
    case .input, .constant, .host, .scan, .call, .output: return nil
    default: break
    }
    if type.shape.elementCount == 0 { return .zero(type.dtype) }
    func constant(_ index: Int) -> Scalar? { rewriter.constant(operands[index]) }
    switch primitive {
    case .iota(let axis, _):
      return type.shape[axis] == 1 ? .zero(type.dtype) : nil
    case .unary(let op):
      return constant(0).flatMap { ScalarArithmetic.unary(op, $0, type.dtype) }
    case .binary(let op):
      guard let a = constant(0), let b = constant(1) else { return nil }
      return ScalarArithmetic.binary(op, a, b, type.dtype)
    case .compare(let op):
      guard let a = constant(0), let b = constant(1) else { return nil }
      return .bool(ScalarArithmetic.compare(op, a, b))
    case .select:
      guard let condition = constant(0) else { return nil }
      return constant(condition.bool ? 1 : 2)
    case .cast(let dtype):
      return constant(0).flatMap { ScalarArithmetic.cast($0, to: dtype) }
    case .broadcast, .reshape, .transpose, .slice, .reverse, .stopGradient, .barrier:
      return constant(0)
    case .pad(let padding):
      let isEmpty = rewriter.shape(operands[0]).elementCount == 0
      return isEmpty || constant(0) == padding.value ? padding.value : nil
    case .concatenate:
      let parts = operands.filter { rewriter.shape($0).elementCount > 0 }
      guard let first = rewriter.constant(parts[0]) else { return nil }
      return parts.allSatisfy { rewriter.constant($0) == first } ? first : nil
    case .reduce(let op, let axes):
      let count = axes.reduce(1) { $0 * rewriter.shape(operands[0])[$1] }
      if count == 0 { return op.identity(type.dtype) }
      return constant(0).flatMap { ScalarArithmetic.reduce(op, $0, count: count, type.dtype) }
    case .argReduce(_, let axis):
      return constant(0) != nil || rewriter.shape(operands[0])[axis] == 1 ? .integer(0) : nil
    case .cumulative(let op, _, _):
      guard let x = constant(0) else { return nil }
      switch op {
      case .maximum, .minimum: return x
      case .sum: return x == .zero(type.dtype) ? x : nil
      case .product: return x == .one(type.dtype) || x == .zero(type.dtype) ? x : nil
      }
    case .matmul(let transposeA, _):
      let shape = rewriter.shape(operands[0])
      return shape[shape.rank - (transposeA ? 2 : 1)] == 0 ? .zero(type.dtype) : nil
    case .windowReduce(let op, let window):
      let isPadded = (window.low + window.high).contains { $0 > 0 }
      guard !isPadded, op == .maximum || op == .minimum else { return nil }
      return constant(0)
    case .gather(let axis, _):
      if rewriter.shape(operands[0])[axis] == 0 { return .zero(type.dtype) }
      guard let x = constant(0) else { return nil }
      return x == .zero(type.dtype) ? x : nil
    case .argSort(let axis, _, _):
      return type.shape[axis] == 1 && rewriter.shape(operands[0])[axis] == 1 ? .integer(0) : nil
    case .randomBits, .convolution, .windowArgMax, .scatter: return nil
    case .input, .constant, .host, .scan, .call, .output: return nil
    }
  }
}
