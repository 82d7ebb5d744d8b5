import ApusIR

// Kernels that walk along one axis in order: arg-reductions and cumulative reductions.
extension Lowering {
  mutating func argReduction(
    _ instruction: Program.Instruction, _ op: ArgReduction, axis: Int,
    in builder: inout KernelBuilder
  ) throws(Emitter.NeedsStorage) {
    let operand = instruction.operands[0]
    let domain = type(operand).shape
    let result = type(instruction.result)
    for extent in domain { _ = builder.addVariable(extent: extent) }
    var indices = KernelGroup.identity(domain)
    indices[axis] = .variable(axis)
    builder.setParallel(domain.indices.filter { $0 != axis && domain[$0] != 1 })
    var search = Search(op, dtype: type(operand).dtype, count: 1, in: &builder)
    builder.openScope()
    let element = try emitter.emit(operand, at: indices, in: &builder)
    let place = builder.define(.i64, .index(indices[axis]))
    search.offer(element, place, at: .constant(0), in: &builder)
    builder.closeLoop(over: [axis], isVectorizable: false)
    let winner = builder.read(search.place, .i64)
    var kept = indices
    kept.remove(at: axis)
    let target = builder.argument(block(of: instruction.result), result, isWritten: true)
    builder.append(.store(argument: target, at: .linear(kept, in: result.shape), winner))
  }

  mutating func cumulative(
    _ instruction: Program.Instruction, _ op: Reduction, axis: Int, reverse: Bool,
    in builder: inout KernelBuilder
  ) throws(Emitter.NeedsStorage) {
    let operand = instruction.operands[0]
    let result = type(instruction.result)
    let domain = result.shape
    let dtype = result.dtype.reductionDType
    for extent in domain { _ = builder.addVariable(extent: extent) }
    var indices = KernelGroup.identity(domain)
    let forward = Kernel.Index.variable(axis)
    indices[axis] = reverse ? .constant(domain[axis] - 1) + forward.scaled(by: -1) : forward
    builder.setParallel(domain.indices.filter { $0 != axis && domain[$0] != 1 })
    let accumulator = builder.declare(dtype, initial: op.identity(dtype))
    builder.openScope()
    let element = try emitter.emit(operand, at: indices, in: &builder)
    let term = dtype == result.dtype ? element : builder.define(dtype, .cast(element))
    builder.append(.accumulate(accumulator, at: .constant(0), op, term))
    let total = builder.read(accumulator, dtype)
    let rounded = dtype == result.dtype ? total : builder.define(result.dtype, .cast(total))
    let target = builder.argument(block(of: instruction.result), result, isWritten: true)
    builder.append(.store(argument: target, at: .linear(indices, in: domain), rounded))
    builder.closeLoop(over: [axis], isVectorizable: false)
  }
}

/// Accumulators that keep the greatest (or least) element seen so far and its place.
///
/// The first of equal elements stays; a NaN beats everything but a NaN.
struct Search {
  let best: Kernel.Accumulator
  let place: Kernel.Accumulator
  private let dtype: DType
  private let placeType: DType
  private let wins: Comparison

  init(
    _ op: ArgReduction, dtype: DType, count: Int, in builder: inout KernelBuilder,
    place placeType: DType = .i64, none: Int64 = 0
  ) {
    self.placeType = placeType
    self.dtype = dtype == .bool ? .u8 : dtype
    wins = op == .argMax ? .greater : .less
    let start: Scalar = op == .argMax ? .lowest(self.dtype) : .highest(self.dtype)
    best = builder.declare(self.dtype, count: count, initial: start)
    place = builder.declare(placeType, count: count, initial: .integer(none))
  }

  mutating func offer(
    _ element: Kernel.Value, _ index: Kernel.Value, at lane: Kernel.Index,
    in builder: inout KernelBuilder
  ) {
    let candidate = dtype == .u8 ? builder.define(.u8, .cast(element)) : element
    let champion = builder.read(best, dtype, at: lane)
    var isBetter = builder.define(.bool, .compare(wins, candidate, champion))
    if dtype.isFloating {
      let isNaN = builder.define(.bool, .compare(.notEqual, candidate, candidate))
      let holds = builder.define(.bool, .compare(.equal, champion, champion))
      let replaces = builder.define(.bool, .binary(.and, isNaN, holds))
      isBetter = builder.define(.bool, .binary(.or, isBetter, replaces))
    }
    isBetter = orFirst(isBetter, at: lane, in: &builder)
    let kept = builder.read(place, placeType, at: lane)
    let newBest = builder.define(dtype, .select(isBetter, candidate, champion))
    let newPlace = builder.define(placeType, .select(isBetter, index, kept))
    builder.append(.assign(best, at: lane, newBest))
    builder.append(.assign(place, at: lane, newPlace))
  }

  /// Where nothing has been seen yet (place -1) any element wins, even the least value there is.
  private func orFirst(
    _ isBetter: Kernel.Value, at lane: Kernel.Index, in builder: inout KernelBuilder
  ) -> Kernel.Value {
    let kept = builder.read(place, placeType, at: lane)
    let zero = builder.define(placeType, .constant(.integer(0)))
    let isFirst = builder.define(.bool, .compare(.less, kept, zero))
    return builder.define(.bool, .binary(.or, isBetter, isFirst))
  }
}
