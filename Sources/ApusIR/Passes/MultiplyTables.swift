/// Multiplies a table before its rows are looked up, where more rows are looked up than it has: an
/// embedding followed by a product, and the gradients of both.
///
/// - `E[i] · w` is `(E · w)[i]`.
/// - `gᵀ · E[i]` is `Gᵀ · E`, where `G` adds up the rows of `g` that share an index.
/// - Adding up the rows of `g · w` by index is `G · w`.
///
/// The sums over rows are added up in another order, and in bf16 or f16 `G` is rounded as well.
struct MultiplyTables: PeepholePass {
  typealias Value = Program.Value

  init() {}

  /// Rows of a table that are looked up, all other axes of the lookup made one.
  private struct Lookup {
    var table: Value
    var indices: Value
    /// The number of rows that are looked up.
    var count: Int
  }

  /// The length of a row from which on a product costs much more than moving its result.
  private static let longRow = 64

  mutating func simplify(
    _ instruction: Program.Instruction, _ operands: [Value], in rewriter: inout ProgramRewriter
  ) -> Value? {
    switch instruction.primitive {
    case .matmul(let transposeA, let transposeB):
      guard rewriter.type(operands[1]).shape.rank == 2 else { return nil }
      return transposeA
        ? productOverRows(instruction, operands, transposeB: transposeB, in: &rewriter)
        : productOfRows(instruction, operands, transposeB: transposeB, in: &rewriter)
    case .scatter(axis: 0, .slices, .add):
      return sumOfProducts(instruction, operands, in: &rewriter)
    default: return nil
    }
  }

  /// `E[i] · w`.
  private func productOfRows(
    _ instruction: Program.Instruction, _ operands: [Value], transposeB: Bool,
    in rewriter: inout ProgramRewriter
  ) -> Value? {
    let module = instruction.module
    guard let lookup = lookup(operands[0], rewriter) else { return nil }
    let product = rewriter.emit(
      .matmul(transposeA: false, transposeB: transposeB), [lookup.table, operands[1]],
      module: module)
    let rows = rewriter.emit(
      .gather(axis: 0, .slices), [product, lookup.indices], module: module)
    return rewriter.reshaped(
      rows, to: rewriter.source.types[instruction.result].shape, module: module)
  }

  /// `gᵀ · E[i]` or `E[i]ᵀ · g`.
  private func productOverRows(
    _ instruction: Program.Instruction, _ operands: [Value], transposeB: Bool,
    in rewriter: inout ProgramRewriter
  ) -> Value? {
    guard !transposeB else { return nil }
    for (place, other) in [(0, 1), (1, 0)] {
      guard let lookup = lookup(operands[place], rewriter),
        let sums = sums(of: operands[other], by: lookup, instruction.module, &rewriter)
      else { continue }
      let factors = place == 0 ? [lookup.table, sums] : [sums, lookup.table]
      return rewriter.emit(instruction.primitive, factors, module: instruction.module)
    }
    return nil
  }

  /// Zeros to which the rows of `g · w` are added by index.
  private func sumOfProducts(
    _ instruction: Program.Instruction, _ operands: [Value], in rewriter: inout ProgramRewriter
  ) -> Value? {
    var rows = operands[2]
    while let move = rewriter.producer(rows), case .reshape = move.primitive,
      rewriter.isUsedOnce(rows)
    {
      rows = move.operands[0]
    }
    let table = rewriter.type(operands[0]).shape
    let count = rewriter.type(operands[1]).shape.elementCount
    guard table.rank == 2, rewriter.constant(operands[0])?.double == 0, rewriter.isUsedOnce(rows),
      let product = rewriter.producer(rows),
      case .matmul(transposeA: false, let transposeB) = product.primitive,
      rewriter.shape(rows).extents == [count, table[1]],
      rewriter.shape(product.operands[1]).rank == 2
    else { return nil }
    let lookup = Lookup(table: operands[0], indices: operands[1], count: count)
    guard let sums = sums(of: product.operands[0], by: lookup, instruction.module, &rewriter) else {
      return nil
    }
    return rewriter.emit(
      .matmul(transposeA: false, transposeB: transposeB), [sums, product.operands[1]],
      module: instruction.module)
  }

  /// The rows of a matrix added up by index.
  private func sums(
    of rows: Value, by lookup: Lookup, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let type = rewriter.type(rows)
    let size = rewriter.type(lookup.table).shape[0]
    guard type.dtype == .f32 || type.dtype == .f64, type.shape.rank == 2,
      isWorthwhile(lookup.count, size, type.shape[1])
    else { return nil }
    let width = type.shape[1]
    let zeros = rewriter.emitConstant(
      .integer(0), TensorType(type.dtype, [size, width]), module: module)
    let shape = Shape(rewriter.shape(lookup.indices).extents + [width])
    let updates = rewriter.reshaped(rows, to: shape, module: module)
    return rewriter.emit(
      .scatter(axis: 0, .slices, .add), [zeros, lookup.indices, updates], module: module)
  }

  /// The lookup that a matrix, perhaps reshaped, is the result of.
  private func lookup(_ value: Value, _ rewriter: ProgramRewriter) -> Lookup? {
    let width = rewriter.shape(value).last ?? 0
    var rows = value
    while let move = rewriter.producer(rows), case .reshape = move.primitive {
      rows = move.operands[0]
    }
    guard rewriter.shape(value).rank == 2, let gather = rewriter.producer(rows),
      case .gather(axis: 0, .slices) = gather.primitive
    else { return nil }
    let table = rewriter.shape(gather.operands[0])
    let count = rewriter.shape(gather.operands[1]).elementCount
    guard table.rank == 2, table[1] == width, isWorthwhile(count, table[0], width) else {
      return nil
    }
    return Lookup(table: gather.operands[0], indices: gather.operands[1], count: count)
  }

  private func isWorthwhile(_ count: Int, _ size: Int, _ width: Int) -> Bool {
    2 * count >= 3 * size && width >= Self.longRow
  }
}
