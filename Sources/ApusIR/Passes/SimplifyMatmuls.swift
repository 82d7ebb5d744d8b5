/// Feeds matrix products directly: a transposed operand becomes an attribute, a transposed result
/// the product of the other two, a matrix that is repeated for each batch one larger product.
///
/// The elements are the same products; the order in which an engine adds up each one's terms may
/// depend on the attributes, as it may on the shapes.
struct SimplifyMatmuls: PeepholePass {
  typealias Value = Program.Value

  init() {}

  mutating func simplify(
    _ instruction: Program.Instruction, _ operands: [Value], in rewriter: inout ProgramRewriter
  ) -> Value? {
    let module = instruction.module
    switch instruction.primitive {
    case .matmul(let transposeA, let transposeB):
      if let a = swappedOperand(operands[0], rewriter) {
        return rewriter.emit(
          .matmul(transposeA: !transposeA, transposeB: transposeB), [a, operands[1]],
          module: module)
      }
      if let b = swappedOperand(operands[1], rewriter) {
        return rewriter.emit(
          .matmul(transposeA: transposeA, transposeB: !transposeB), [operands[0], b],
          module: module)
      }
      if !transposeA {
        return flattenBatch(operands, transposeB: transposeB, module, &rewriter)
      }
      return nil
    case .transpose(let permutation):
      guard permutation.swapsLastTwo, rewriter.isUsedOnce(operands[0]),
        let inner = rewriter.producer(operands[0]),
        case .matmul(let transposeA, let transposeB) = inner.primitive
      else { return nil }
      return rewriter.emit(
        .matmul(transposeA: !transposeB, transposeB: !transposeA), inner.operands.reversed(),
        module: module)
    default:
      return nil
    }
  }

  private func swappedOperand(_ value: Value, _ rewriter: ProgramRewriter) -> Value? {
    guard let inner = rewriter.producer(value), case .transpose(let permutation) = inner.primitive,
      permutation.swapsLastTwo
    else { return nil }
    return inner.operands[0]
  }

  /// `[batch…, m, k] × broadcast([k, n])` is `[batch… · m, k] × [k, n]`.
  private func flattenBatch(
    _ operands: [Value], transposeB: Bool, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let shape = rewriter.shape(operands[0])
    let rank = shape.rank
    guard rank > 2, let inner = rewriter.producer(operands[1]), case .broadcast = inner.primitive
    else { return nil }
    let matrix = rewriter.shape(inner.operands[0])
    let full = rewriter.shape(operands[1])
    guard matrix.rank >= 2, Array(matrix.suffix(2)) == Array(full.suffix(2)),
      matrix.dropLast(2).allSatisfy({ $0 == 1 })
    else { return nil }
    let rows = shape.dropLast().reduce(1, *)
    let a = rewriter.reshaped(operands[0], to: [rows, shape[rank - 1]], module: module)
    let b = rewriter.reshaped(inner.operands[0], to: Shape(Array(matrix.suffix(2))), module: module)
    let flat = rewriter.emit(
      .matmul(transposeA: false, transposeB: transposeB), [a, b], module: module)
    let columns = full[rank - (transposeB ? 2 : 1)]
    return rewriter.reshaped(flat, to: Shape(shape.dropLast() + [columns]), module: module)
  }
}

extension Array where Element == Int {
  /// Whether this permutation exchanges the last two axes and leaves the others.
  fileprivate var swapsLastTwo: Bool {
    count >= 2 && Array(prefix(count - 2)) == Array(0..<(count - 2)) && self[count - 2] == count - 1
  }
}
