import ApusIR

// Kernels for reductions that do not run along rows, arg-reductions and cumulative sums.
extension Lowering {
  /// Elements of one accumulator array: small enough for the first-level cache.
  static let tile = 1_024

  /// A reduction that does not run along rows. Those over the same axes of tensors of one shape that
  /// read the same memory share a kernel: the gradients of a batch norm's weight and bias.
  mutating func addReduction(
    _ instruction: Program.Instruction, _ op: Reduction, axes: [Int]
  ) throws(Emitter.NeedsStorage) {
    let operand = instruction.operands[0]
    let domain = type(operand).shape
    let reads = try dryReads(domain: domain) { (emitter, indices, builder) throws(Emitter.NeedsStorage) in
      _ = try emitter.emit(operand, at: indices, in: &builder)
    }
    let member = ReductionGroup.Member(instruction: instruction, op: op)
    let written = latestWriter(of: reads)
    for index in recentEntries(from: written + 1) {
      guard case .reductions(var group) = entries[index], group.domain == domain,
        group.axes == axes, group.hasRoom, !group.sources.isDisjoint(with: reads.map(\.owner))
      else { continue }
      group.add(member, reads: reads)
      entries[index] = .reductions(group)
      writer[instruction.result] = index
      return
    }
    var group = ReductionGroup(domain: domain, axes: axes)
    group.add(member, reads: reads)
    writer[instruction.result] = entries.count
    entries.append(.reductions(group))
  }

  /// The kernels of a group of reductions.
  ///
  /// Where the last axis stays, whole tiles of it accumulate side by side, so that memory is read
  /// in order. Where there are too few results to keep the cores busy, parts of the first reduced
  /// axis are reduced to partial results first; their number depends on the shape alone, so the
  /// result does not depend on the number of threads.
  mutating func steps(for group: ReductionGroup) throws(Emitter.NeedsStorage) -> [Plan.Step] {
    let results = group.members.map { type($0.instruction.result) }
    let parts = partialCount(
      group.domain, axes: group.axes, results: results[0].shape.elementCount)
    let work = group.members.reduce(0) { $0 + flops(of: $1.instruction) }
    let module = group.members.lazy.compactMap(\.instruction.module).first
    var partials: [Int] = []
    if parts > 1 {
      for result in results {
        let shape = Shape([parts] + result.shape.extents)
        partials.append(blocks.count)
        blocks.append(
          Plan.Block(place: .arena(-1), type: TensorType(result.dtype.reductionDType, shape)))
      }
    }
    var builder = KernelBuilder()
    try write(group, parts: parts > 1 ? (parts, partials) : nil, in: &builder)
    var kernel = builder.finish()
    kernel.collapse()
    kernel.jamAccumulatingLoops()
    var steps = [step(kernel, builder.blocks, flops: work, module: module)]
    if parts > 1 {
      let second = combination(of: group, partials: partials, parts: parts)
      steps.append(step(second.kernel, second.blocks, flops: 0, module: module))
    }
    return steps
  }

  /// How many parts to split the first reduced axis into; 1: do not.
  private func partialCount(_ domain: Shape, axes: [Int], results: Int) -> Int {
    guard domain.elementCount >= 32_768, let axis = axes.min() else { return 1 }
    let isColumns = !axes.contains(domain.rank - 1)
    let points = isColumns ? results / Swift.max(domain[domain.rank - 1], 1) : results
    guard points < 8 else { return 1 }
    return (2...16).reversed().first { domain[axis] % $0 == 0 && domain[axis] > $0 } ?? 1
  }

  private mutating func write(
    _ group: ReductionGroup, parts: (count: Int, blocks: [Int])?, in builder: inout KernelBuilder
  ) throws(Emitter.NeedsStorage) {
    let (domain, axes) = (group.domain, group.axes)
    let shape = type(group.members[0].instruction.result).shape
    var indices = KernelGroup.identity(domain)
    for extent in domain { _ = builder.addVariable(extent: extent) }
    let last = domain.rank - 1
    let isColumns = domain.rank > 0 && !axes.contains(last) && domain[last] > 1
    var parallel = domain.indices.filter { !axes.contains($0) && domain[$0] != 1 }
    var reduced = axes.sorted().filter { domain[$0] != 1 }

    var position = Kernel.Index.linear(
      domain.indices.filter { !axes.contains($0) }.map { indices[$0] }, in: shape)
    if let parts, let axis = axes.min() {
      let rest = domain[axis] / parts.count
      let part = builder.addVariable(extent: parts.count)
      let within = builder.addVariable(extent: rest)
      indices[axis] = Kernel.Index.variable(part).scaled(by: rest) + .variable(within)
      reduced = [within] + reduced.filter { $0 != axis }
      parallel = [part] + parallel
      position = position + Kernel.Index.variable(part).scaled(by: shape.elementCount)
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
    let dtypes = group.members.map { type($0.instruction.result).dtype }
    var accumulators: [Kernel.Accumulator] = []
    for (member, dtype) in zip(group.members, dtypes) {
      let wide = dtype.reductionDType
      accumulators.append(builder.declare(wide, count: count, initial: member.op.identity(wide)))
    }
    builder.openScope()
    var terms: [Kernel.Value] = []
    for (member, dtype) in zip(group.members, dtypes) {
      let element = try emitter.emit(member.instruction.operands[0], at: indices, in: &builder)
      let wide = dtype.reductionDType
      terms.append(wide == dtype ? element : builder.define(wide, .cast(element)))
    }
    for (place, member) in group.members.enumerated() {
      builder.append(.accumulate(accumulators[place], at: lane, member.op, terms[place]))
    }
    builder.closeLoop(over: reduced + lanes, isVectorizable: true)

    builder.openScope()
    for (place, member) in group.members.enumerated() {
      let result = type(member.instruction.result)
      let wide = result.dtype.reductionDType
      let total = builder.read(accumulators[place], wide, at: lane)
      if let parts {
        let partial = TensorType(wide, Shape([parts.count] + result.shape.extents))
        let argument = builder.argument(parts.blocks[place], partial, isWritten: true)
        builder.append(.store(argument: argument, at: position, total))
      } else {
        let rounded = wide == result.dtype ? total : builder.define(result.dtype, .cast(total))
        let target = block(of: member.instruction.result)
        let argument = builder.argument(target, result, isWritten: true)
        builder.append(.store(argument: argument, at: position, rounded))
      }
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
    of group: ReductionGroup, partials: [Int], parts: Int
  ) -> (kernel: Kernel, blocks: [Int]) {
    var builder = KernelBuilder()
    let count = type(group.members[0].instruction.result).shape.elementCount
    let element = builder.addVariable(extent: count)
    let part = builder.addVariable(extent: parts)
    builder.setParallel([element])
    let position = Kernel.Index.variable(element) + Kernel.Index.variable(part).scaled(by: count)
    var accumulators: [Kernel.Accumulator] = []
    for member in group.members {
      let wide = type(member.instruction.result).dtype.reductionDType
      accumulators.append(builder.declare(wide, initial: member.op.identity(wide)))
    }
    builder.openScope()
    for (place, member) in group.members.enumerated() {
      let partial = blocks[partials[place]].type
      let source = builder.argument(partials[place], partial, isWritten: false)
      let term = builder.define(
        partial.dtype,
        .load(argument: source, at: position, guards: [], otherwise: .zero(partial.dtype)))
      builder.append(.accumulate(accumulators[place], at: .constant(0), member.op, term))
    }
    builder.closeLoop(over: [part], isVectorizable: true)
    for (place, member) in group.members.enumerated() {
      let result = type(member.instruction.result)
      let wide = result.dtype.reductionDType
      let total = builder.read(accumulators[place], wide)
      let rounded = wide == result.dtype ? total : builder.define(result.dtype, .cast(total))
      let target = builder.argument(block(of: member.instruction.result), result, isWritten: true)
      builder.append(.store(argument: target, at: .variable(element), rounded))
    }
    return (builder.finish(), builder.blocks)
  }
}
