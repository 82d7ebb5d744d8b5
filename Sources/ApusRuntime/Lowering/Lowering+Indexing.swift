import ApusIR

// Scatter, concatenation and padding between elements: kernels that write parts of a block.
extension Lowering {
  /// Fills the result with the target, then applies the updates in order.
  ///
  /// Sums of 16-bit floating numbers collect in a block of f32 and are rounded once, at the end.
  mutating func scheduleScatter(
    _ instruction: Program.Instruction, axis: Int, _ addressing: Addressing, _ combine: Combine
  ) throws(Emitter.NeedsStorage) {
    let result = type(instruction.result)
    let home = block(of: instruction.result)
    let hasUpdates = type(instruction.operands[2]).shape.elementCount > 0 && result.shape[axis] > 0
    let wide = TensorType(result.dtype.isFloating ? result.dtype.reductionDType : result.dtype, result.shape)
    let isWide = combine == .add && hasUpdates && wide != result
    var target = (block: home, type: result)
    if isWide {
      target = (blocks.count, wide)
      blocks.append(Plan.Block(place: .arena(-1), type: wide))
    }
    var steps: [Plan.Step] = []
    var fill = KernelBuilder()
    try writeElements(of: instruction.operands[0], into: target, in: &fill) { $0 }
    steps.append(pointwiseStep(&fill, instruction))
    if hasUpdates {
      var builder = KernelBuilder()
      try updates(instruction, axis: axis, addressing, combine, into: target, in: &builder)
      var kernel = builder.finish()
      kernel.collapse()
      steps.append(kernelStep(kernel, builder.blocks, instruction))
    }
    if isWide { steps.append(castStep(from: target, to: (home, result), instruction)) }
    add(steps, writing: instruction)
  }

  /// A finished kernel without loops of its own as a step.
  private func pointwiseStep(
    _ builder: inout KernelBuilder, _ instruction: Program.Instruction
  ) -> Plan.Step {
    var kernel = builder.finish()
    kernel.collapse()
    kernel.makeLastParallelVariableInner()
    return step(kernel, builder.blocks, flops: 0, module: instruction.module)
  }

  private func castStep(
    from source: (block: Int, type: TensorType), to target: (block: Int, type: TensorType),
    _ instruction: Program.Instruction
  ) -> Plan.Step {
    var builder = KernelBuilder()
    let variable = builder.addVariable(extent: source.type.shape.elementCount)
    builder.setParallel([variable])
    let input = builder.argument(source.block, source.type, isWritten: false)
    let output = builder.argument(target.block, target.type, isWritten: true)
    let element = builder.define(
      source.type.dtype,
      .load(
        argument: input, at: .variable(variable), guards: [], otherwise: .zero(source.type.dtype)))
    let rounded = builder.define(target.type.dtype, .cast(element))
    builder.append(.store(argument: output, at: .variable(variable), rounded))
    return pointwiseStep(&builder, instruction)
  }

  /// Walks the updates. Axes that are the same in target and updates are independent of each other
  /// and run in parallel; those of the indices run in order.
  private mutating func updates(
    _ instruction: Program.Instruction, axis: Int, _ addressing: Addressing, _ combine: Combine,
    into destination: (block: Int, type: TensorType), in builder: inout KernelBuilder
  ) throws(Emitter.NeedsStorage) {
    let result = destination.type
    let updates = instruction.operands[2]
    let domain = type(updates).shape
    for extent in domain { _ = builder.addVariable(extent: extent) }
    var indices = KernelGroup.identity(domain)
    let indexRank = addressing == .slices ? type(instruction.operands[1]).shape.rank : 1
    let ordered = Array(axis..<(axis + indexRank)).filter { domain[$0] != 1 }
    let before = (0..<axis).filter { domain[$0] != 1 }
    let after = ((axis + indexRank)..<Swift.max(domain.rank, axis + indexRank)).filter { domain[$0] != 1 }
    // The innermost loop runs over the last shared axis where there is one, in parts that are
    // independent: its elements are next to each other, and one index serves them all when whole
    // slices are addressed.
    var parallel = before + after.dropLast()
    var inner: [Kernel.Variable] = []
    if let last = after.last {
      inner = [last]
      if let parts = [8, 4, 2].first(where: { domain[last] % $0 == 0 && domain[last] / $0 >= 64 }) {
        let width = domain[last] / parts
        let part = builder.addVariable(extent: parts)
        inner = [builder.addVariable(extent: width)]
        parallel.append(part)
        indices[last] = Kernel.Index.variable(part).scaled(by: width) + .variable(inner[0])
      }
    }
    let chosen = addressing == .slices ? Array(indices[axis..<(axis + indexRank)]) : indices
    builder.setParallel(parallel)
    builder.openScope()
    builder.openScope()
    let index = try emitter.emit(instruction.operands[1], at: chosen, in: &builder)
    let dynamic = Kernel.Index(dynamic: [Kernel.Index.DynamicTerm(index, stride: 1)])
    let isInside = builder.define(
      .bool, .test([Kernel.Guard(dynamic, in: 0..<result.shape[axis])]))
    builder.openScope()
    var place = indices
    place.replaceSubrange(axis..<(axis + indexRank), with: [dynamic])
    let position = Kernel.Index.linear(place, in: result.shape)
    let narrow = try emitter.emit(updates, at: indices, in: &builder)
    let isSame = type(updates).dtype == result.dtype
    let update = isSame ? narrow : builder.define(result.dtype, .cast(narrow))
    let target = builder.argument(destination.block, result, isWritten: true)
    if combine == .add {
      _ = builder.argument(destination.block, result, isWritten: false)
      let old = builder.define(
        result.dtype,
        .load(argument: target, at: position, guards: [], otherwise: .zero(result.dtype)))
      let sum = builder.define(result.dtype, .binary(.add, old, update))
      builder.append(.store(argument: target, at: position, sum))
    } else {
      builder.append(.store(argument: target, at: position, update))
    }
    builder.closeWhen(isInside)
    builder.closeLoop(over: inner, isVectorizable: !inner.isEmpty)
    builder.closeLoop(over: ordered, isVectorizable: false)
  }

  /// Each operand is written to its part of the result, along with other values of its shape.
  mutating func scheduleConcatenation(
    _ instruction: Program.Instruction, axis: Int
  ) throws(Emitter.NeedsStorage) {
    var start = 0
    for operand in instruction.operands {
      let shape = type(operand).shape
      defer { start += shape[axis] }
      guard shape.elementCount > 0 else { continue }
      guard epilogues.placed[operand] != instruction.result else {
        // A product writes its part itself.
        writer[instruction.result] = Swift.max(writer[instruction.result], writer[operand])
        continue
      }
      let reads = try dryReads(domain: shape) { (emitter, indices, builder) throws(Emitter.NeedsStorage) in
        _ = try emitter.emit(operand, at: indices, in: &builder)
      }
      place(
        instruction.result, as: .part(operand: operand, axis: axis, start: start), in: shape,
        reads: reads)
    }
  }

  /// Padding between elements: fills the result, then writes the elements to their places.
  mutating func scheduleSpreadPad(
    _ instruction: Program.Instruction, _ padding: Padding
  ) throws(Emitter.NeedsStorage) {
    let result = type(instruction.result)
    let target = block(of: instruction.result)
    var fill = KernelBuilder()
    let variable = fill.addVariable(extent: result.shape.elementCount)
    fill.setParallel([variable])
    let argument = fill.argument(target, result, isWritten: true)
    let value = fill.define(result.dtype, .constant(padding.value.converted(to: result.dtype)))
    fill.append(.store(argument: argument, at: .variable(variable), value))
    var steps = [step(fill.finish(), fill.blocks, flops: 0, module: instruction.module)]
    if type(instruction.operands[0]).shape.elementCount > 0 {
      var builder = KernelBuilder()
      try writeElements(of: instruction.operands[0], into: (target, result), in: &builder) { indices in
        indices.enumerated().map { axis, index in
          index.scaled(by: padding.interior[axis] + 1) + .constant(padding.low[axis])
        }
      }
      steps.append(pointwiseStep(&builder, instruction))
    }
    add(steps, writing: instruction)
  }

  /// Writes every element of `operand`, as the dtype of `target`, to the place that `map` gives.
  private mutating func writeElements(
    of operand: Program.Value, into target: (block: Int, type: TensorType),
    in builder: inout KernelBuilder, map: ([Kernel.Index]) -> [Kernel.Index]
  ) throws(Emitter.NeedsStorage) {
    let domain = type(operand).shape
    for extent in domain { _ = builder.addVariable(extent: extent) }
    let indices = KernelGroup.identity(domain)
    builder.setParallel(domain.indices.filter { domain[$0] != 1 })
    let element = try emitter.emit(operand, at: indices, in: &builder)
    let isSame = type(operand).dtype == target.type.dtype
    let stored = isSame ? element : builder.define(target.type.dtype, .cast(element))
    let argument = builder.argument(target.block, target.type, isWritten: true)
    let position = Kernel.Index.linear(map(indices), in: target.type.shape)
    builder.append(.store(argument: argument, at: position, stored))
  }
}
