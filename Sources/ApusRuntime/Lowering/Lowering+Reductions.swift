import ApusIR

// Kernels for reductions that do not run along rows, arg-reductions and cumulative sums.
extension Lowering {
  /// Elements of one accumulator array: small enough for the first-level cache.
  static let tile = 1_024

  /// A reduction with a kernel of its own.
  ///
  /// Where the last axis stays, whole tiles of it accumulate side by side, so that memory is read
  /// in order. Where there are too few results to keep the cores busy, parts of the first reduced
  /// axis are reduced to partial results first; their number depends on the shape alone, so the
  /// result does not depend on the number of threads.
  mutating func addReduction(
    _ instruction: Program.Instruction, _ op: Reduction, axes: [Int]
  ) throws(Emitter.NeedsStorage) {
    let domain = type(instruction.operands[0]).shape
    let result = type(instruction.result)
    let parts = partialCount(domain, axes: axes, results: result.shape.elementCount)
    guard parts > 1 else {
      try addKernel(instruction) { (lowering, builder) throws(Emitter.NeedsStorage) in
        try lowering.reduction(instruction, op, axes: axes, parts: nil, in: &builder)
      }
      return
    }
    let accumulator = result.dtype.reductionDType
    let partialType = TensorType(accumulator, Shape([parts] + result.shape.extents))
    let partial = blocks.count
    blocks.append(Plan.Block(place: .arena(-1), type: partialType))
    var first = KernelBuilder()
    try reduction(instruction, op, axes: axes, parts: (parts, partial), in: &first)
    var firstKernel = first.finish()
    firstKernel.collapse()
    firstKernel.jamAccumulatingLoops()
    let second = combination(
      op, partial: partial, partialType, into: block(of: instruction.result), result)
    let combine = step(second.kernel, second.blocks, flops: 0, module: instruction.module)
    add([kernelStep(firstKernel, first.blocks, instruction), combine], writing: instruction)
  }

  /// How many parts to split the first reduced axis into; 1: do not.
  private func partialCount(_ domain: Shape, axes: [Int], results: Int) -> Int {
    guard domain.elementCount >= 32_768, let axis = axes.min() else { return 1 }
    let isColumns = !axes.contains(domain.rank - 1)
    let points = isColumns ? results / Swift.max(domain[domain.rank - 1], 1) : results
    guard points < 8 else { return 1 }
    return (2...16).reversed().first { domain[axis] % $0 == 0 && domain[axis] > $0 } ?? 1
  }

  private mutating func reduction(
    _ instruction: Program.Instruction, _ op: Reduction, axes: [Int],
    parts: (count: Int, block: Int)?, in builder: inout KernelBuilder
  ) throws(Emitter.NeedsStorage) {
    let operand = instruction.operands[0]
    let domain = type(operand).shape
    let result = type(instruction.result)
    let dtype = result.dtype.reductionDType
    var indices = KernelGroup.identity(domain)
    for extent in domain { _ = builder.addVariable(extent: extent) }
    let last = domain.rank - 1
    let isColumns = domain.rank > 0 && !axes.contains(last) && domain[last] > 1
    var parallel = domain.indices.filter { !axes.contains($0) && domain[$0] != 1 }
    var reduced = axes.sorted().filter { domain[$0] != 1 }

    var position = Kernel.Index.linear(
      domain.indices.filter { !axes.contains($0) }.map { indices[$0] }, in: result.shape)
    if let parts, let axis = axes.min() {
      let rest = domain[axis] / parts.count
      let part = builder.addVariable(extent: parts.count)
      let within = builder.addVariable(extent: rest)
      indices[axis] = Kernel.Index.variable(part).scaled(by: rest) + .variable(within)
      reduced = [within] + reduced.filter { $0 != axis }
      parallel = [part] + parallel
      position = position + Kernel.Index.variable(part).scaled(by: result.shape.elementCount)
    }
    var lane = Kernel.Index.constant(0)
    var lanes: [Kernel.Variable] = []
    if isColumns {
      parallel.removeAll { $0 == last }
      let width = tileWidth(domain[last])
      if width == domain[last] {
        lanes = [last]
      } else {
        let tile = builder.addVariable(extent: domain[last] / width)
        let within = builder.addVariable(extent: width)
        let column = Kernel.Index.variable(tile).scaled(by: width) + .variable(within)
        indices[last] = column
        position = position.removing(last) + column
        parallel.append(tile)
        lanes = [within]
      }
      lane = .variable(lanes[0])
    }
    builder.setParallel(parallel)
    let count = lanes.first.map { builder.extents[$0] } ?? 1
    let accumulator = builder.declare(dtype, count: count, initial: op.identity(dtype))
    builder.openScope()
    let element = try emitter.emit(operand, at: indices, in: &builder)
    let term = dtype == result.dtype ? element : builder.define(dtype, .cast(element))
    builder.append(.accumulate(accumulator, at: lane, op, term))
    builder.closeLoop(over: reduced + lanes, isVectorizable: true)

    builder.openScope()
    let total = builder.read(accumulator, dtype, at: lane)
    if let parts {
      let partial = TensorType(dtype, Shape([parts.count] + result.shape.extents))
      let argument = builder.argument(parts.block, partial, isWritten: true)
      builder.append(.store(argument: argument, at: position, total))
    } else {
      let rounded = dtype == result.dtype ? total : builder.define(result.dtype, .cast(total))
      let argument = builder.argument(block(of: instruction.result), result, isWritten: true)
      builder.append(.store(argument: argument, at: position, rounded))
    }
    builder.closeLoop(over: lanes, isVectorizable: true)
  }

  /// The widest tile that divides the axis, the whole axis where it is short or has none.
  private func tileWidth(_ extent: Int) -> Int {
    if extent <= Self.tile { return extent }
    let width = (64...Self.tile).reversed().first { extent % $0 == 0 }
    return width ?? (extent <= 8 * Self.tile ? extent : 1)
  }

  /// Combines partial results along axis 0.
  private func combination(
    _ op: Reduction, partial: Int, _ partialType: TensorType, into block: Int, _ result: TensorType
  ) -> (kernel: Kernel, blocks: [Int]) {
    var builder = KernelBuilder()
    let count = result.shape.elementCount
    let element = builder.addVariable(extent: count)
    let part = builder.addVariable(extent: partialType.shape[0])
    builder.setParallel([element])
    let source = builder.argument(partial, partialType, isWritten: false)
    let target = builder.argument(block, result, isWritten: true)
    let dtype = partialType.dtype
    let accumulator = builder.declare(dtype, initial: op.identity(dtype))
    builder.openScope()
    let position = Kernel.Index.variable(element) + Kernel.Index.variable(part).scaled(by: count)
    let term = builder.define(
      dtype, .load(argument: source, at: position, guards: [], otherwise: .zero(dtype)))
    builder.append(.accumulate(accumulator, at: .constant(0), op, term))
    builder.closeLoop(over: [part], isVectorizable: true)
    let total = builder.read(accumulator, dtype)
    let rounded = dtype == result.dtype ? total : builder.define(result.dtype, .cast(total))
    builder.append(.store(argument: target, at: .variable(element), rounded))
    return (builder.finish(), builder.blocks)
  }
}
