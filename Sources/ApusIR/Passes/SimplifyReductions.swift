/// Reductions that read less: over axes of extent 1, over repeated elements, over a transposed
/// tensor, one after another.
///
/// A sum of floating numbers is never put in another order. Over axes of extent 1, or none, it
/// becomes x + 0, as sums start at 0, which makes 0 of -0; other reductions become a reshape.
struct SimplifyReductions: PeepholePass {
  typealias Value = Program.Value

  init() {}

  mutating func simplify(
    _ instruction: Program.Instruction, _ operands: [Value], in rewriter: inout ProgramRewriter
  ) -> Value? {
    switch instruction.primitive {
    case .reduce(let op, let axes):
      return reduce(op, operands[0], axes, instruction.module, &rewriter)
    case .cumulative(let op, let axis, _):
      let isSum = op == .sum && rewriter.type(operands[0]).dtype.isFloating
      return rewriter.shape(operands[0])[axis] <= 1 && !isSum ? operands[0] : nil
    case .windowReduce(let op, let window):
      if op == .sum, rewriter.type(operands[0]).dtype.isFloating { return nil }
      let single = (window.sizes + window.strides).allSatisfy { $0 == 1 }
      return single && (window.low + window.high).allSatisfy { $0 == 0 } ? operands[0] : nil
    default:
      return nil
    }
  }

  private func reduce(
    _ op: Reduction, _ x: Value, _ axes: [Int], _ module: String?,
    _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let type = rewriter.type(x)
    let shape = type.shape
    if axes.allSatisfy({ shape[$0] == 1 }) {
      let flat = rewriter.reshaped(x, to: shape.removing(axes: axes), module: module)
      guard op == .sum, type.dtype.isFloating else { return flat }
      let zero = rewriter.emitConstant(.floating(0), rewriter.type(flat), module: module)
      return rewriter.emit(.binary(.add), [flat, zero], module: module)
    }
    if axes != axes.sorted() {
      return rewriter.emit(.reduce(op, axes: axes.sorted()), [x], module: module)
    }
    let isExact = !type.dtype.isFloating || op == .maximum || op == .minimum
    guard let inner = rewriter.producer(x) else { return nil }
    switch inner.primitive {
    case .transpose(let permutation):
      // The same elements in the same order, without moving them first.
      let reduced = axes.map { permutation[$0] }
      guard isExact || reduced == reduced.sorted() else { return nil }
      let left = permutation.filter { !reduced.contains($0) }
      let value = rewriter.emit(
        .reduce(op, axes: reduced.sorted()), inner.operands, module: module)
      let order = left.sorted()
      if left == order { return value }
      let places = left.map { order.firstIndex(of: $0)! }
      return rewriter.emit(.transpose(places), [value], module: module)
    case .reduce(op, let first) where isExact:
      let outer = rewriter.shape(inner.operands[0]).indices.filter { !first.contains($0) }
      let both = (first + axes.map { outer[$0] }).sorted()
      return rewriter.emit(.reduce(op, axes: both), inner.operands, module: module)
    case .broadcast where isExact:
      return reduceBroadcast(op, inner.operands[0], type, axes, module, &rewriter)
    default:
      return nil
    }
  }

  /// Repeated elements: the greatest of them is one of them, the sum a multiple.
  private func reduceBroadcast(
    _ op: Reduction, _ source: Value, _ type: TensorType, _ axes: [Int], _ module: String?,
    _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let aligned = rewriter.shape(source).aligned(to: type.shape.rank)
    let repeated = axes.filter { aligned[$0] == 1 && type.shape[$0] > 1 }
    if repeated.isEmpty || op == .product || type.shape.elementCount == 0 { return nil }
    var middle = type.shape
    for axis in repeated { middle[axis] = 1 }
    var value = rewriter.reshaped(source, to: aligned, module: module)
    value = rewriter.broadcast(value, to: middle, module: module)
    value = rewriter.emit(.reduce(op, axes: axes), [value], module: module)
    guard op == .sum else { return value }
    let count = repeated.reduce(1) { $0 * type.shape[$1] }
    let factor = rewriter.emitConstant(
      .integer(Int64(count)), rewriter.type(value), module: module)
    return rewriter.emit(.binary(.multiply), [value, factor], module: module)
  }
}
