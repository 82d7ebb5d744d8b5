import ApusIR

// Scatter, concatenation and padding between elements: kernels that write parts of a block.
extension Lowering {
  /// Fills the result with the target, then applies the updates in order.
  mutating func scheduleScatter(
    _ instruction: Program.Instruction, axis: Int, _ addressing: Addressing, _ combine: Combine
  ) throws(Emitter.NeedsStorage) {
    var fill = KernelBuilder()
    let result = type(instruction.result)
    try writeElements(of: instruction.operands[0], into: instruction.result, in: &fill) { $0 }
    var kernel = fill.finish()
    kernel.collapse()
    kernel.makeLastParallelVariableInner()
    var steps = [step(kernel, fill.blocks, flops: 0, module: instruction.module)]
    if type(instruction.operands[2]).shape.elementCount > 0, result.shape[axis] > 0 {
      var builder = KernelBuilder()
      try updates(instruction, axis: axis, addressing, combine, in: &builder)
      var kernel = builder.finish()
      kernel.collapse()
      steps.append(kernelStep(kernel, builder.blocks, instruction))
    }
    add(steps, writing: instruction)
  }

  /// Walks the updates. Axes that are the same in target and updates are independent of each other
  /// and run in parallel; those of the indices run in order.
  private mutating func updates(
    _ instruction: Program.Instruction, axis: Int, _ addressing: Addressing, _ combine: Combine,
    in builder: inout KernelBuilder
  ) throws(Emitter.NeedsStorage) {
    let result = type(instruction.result)
    let updates = instruction.operands[2]
    let domain = type(updates).shape
    for extent in domain { _ = builder.addVariable(extent: extent) }
    let indices = KernelGroup.identity(domain)
    let indexRank = addressing == .slices ? type(instruction.operands[1]).shape.rank : 1
    let ordered = Array(axis..<(axis + indexRank)).filter { domain[$0] != 1 }
    let before = (0..<axis).filter { domain[$0] != 1 }
    let after = ((axis + indexRank)..<Swift.max(domain.rank, axis + indexRank)).filter { domain[$0] != 1 }
    let chosen = addressing == .slices ? Array(indices[axis..<(axis + indexRank)]) : indices
    // The innermost loop runs over the last shared axis where there is one: its elements are
    // next to each other, and one index serves them all when whole slices are addressed.
    let inner = after.last.map { [$0] } ?? []
    builder.setParallel(before + after.dropLast())
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
    let update = try emitter.emit(updates, at: indices, in: &builder)
    let target = builder.argument(block(of: instruction.result), result, isWritten: true)
    if combine == .add {
      _ = builder.argument(block(of: instruction.result), result, isWritten: false)
      let old = builder.define(
        result.dtype,
        .load(argument: target, at: position, guards: [], otherwise: .zero(result.dtype)))
      let sum = builder.define(result.dtype, .binary(.add, old, update))
      builder.append(.store(argument: target, at: position, sum))
    } else {
      builder.append(.store(argument: target, at: position, update))
    }
    builder.closeWhen(isInside)
    builder.closeLoop(over: inner, isVectorizable: false)
    builder.closeLoop(over: ordered, isVectorizable: false)
  }

  /// One kernel an operand, each writing its part.
  mutating func scheduleConcatenation(
    _ instruction: Program.Instruction, axis: Int
  ) throws(Emitter.NeedsStorage) {
    var steps: [Plan.Step] = []
    var start = 0
    for operand in instruction.operands {
      let shape = type(operand).shape
      defer { start += shape[axis] }
      guard shape.elementCount > 0 else { continue }
      var builder = KernelBuilder()
      let offset = start
      try writeElements(of: operand, into: instruction.result, in: &builder) { indices in
        var moved = indices
        moved[axis] = indices[axis] + .constant(offset)
        return moved
      }
      var kernel = builder.finish()
      kernel.collapse()
      kernel.makeLastParallelVariableInner()
      steps.append(step(kernel, builder.blocks, flops: 0, module: instruction.module))
    }
    add(steps, writing: instruction)
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
      try writeElements(of: instruction.operands[0], into: instruction.result, in: &builder) { indices in
        indices.enumerated().map { axis, index in
          index.scaled(by: padding.interior[axis] + 1) + .constant(padding.low[axis])
        }
      }
      var kernel = builder.finish()
      kernel.collapse()
      kernel.makeLastParallelVariableInner()
      steps.append(step(kernel, builder.blocks, flops: 0, module: instruction.module))
    }
    add(steps, writing: instruction)
  }

  /// Writes every element of `operand` to the place in `result` that `map` gives.
  private mutating func writeElements(
    of operand: Program.Value, into result: Program.Value, in builder: inout KernelBuilder,
    map: ([Kernel.Index]) -> [Kernel.Index]
  ) throws(Emitter.NeedsStorage) {
    let domain = type(operand).shape
    for extent in domain { _ = builder.addVariable(extent: extent) }
    let indices = KernelGroup.identity(domain)
    builder.setParallel(domain.indices.filter { domain[$0] != 1 })
    let element = try emitter.emit(operand, at: indices, in: &builder)
    let target = builder.argument(block(of: result), type(result), isWritten: true)
    let position = Kernel.Index.linear(map(indices), in: type(result).shape)
    builder.append(.store(argument: target, at: position, element))
  }
}
