import ApusIR

// Kernels for pooling: windows over the spatial axes of [batch, spatial…, channel].
extension Lowering {
  mutating func windowReduction(
    _ instruction: Program.Instruction, _ op: Reduction, _ window: Window,
    in builder: inout KernelBuilder
  ) throws(Emitter.NeedsStorage) {
    let operand = instruction.operands[0]
    let result = type(instruction.result)
    let dtype = result.dtype.reductionDType
    let walk = WindowWalk(window, input: type(operand).shape, output: result.shape, in: &builder)
    walk.openPosition(in: &builder)
    let accumulator = builder.declare(dtype, count: walk.lanes, initial: op.identity(dtype))
    walk.openWindow(in: &builder)
    let element = try emitter.emit(operand, at: walk.source, in: &builder)
    let term = dtype == result.dtype ? element : builder.define(dtype, .cast(element))
    builder.append(.accumulate(accumulator, at: walk.lane, op, term))
    walk.closeWindow(in: &builder)
    let total = builder.read(accumulator, dtype, at: walk.lane)
    let rounded = dtype == result.dtype ? total : builder.define(result.dtype, .cast(total))
    let target = builder.argument(block(of: instruction.result), result, isWritten: true)
    builder.append(.store(argument: target, at: walk.position, rounded))
    walk.closePosition(in: &builder)
  }

  mutating func windowArgMax(
    _ instruction: Program.Instruction, _ window: Window, in builder: inout KernelBuilder
  ) throws(Emitter.NeedsStorage) {
    let operand = instruction.operands[0]
    let (input, result) = (type(operand), type(instruction.result))
    let walk = WindowWalk(window, input: input.shape, output: result.shape, in: &builder)
    walk.openPosition(in: &builder)
    var search = Search(
      .argMax, dtype: input.dtype, count: walk.lanes, in: &builder, place: .i32, none: -1)
    walk.openWindow(in: &builder)
    let element = try emitter.emit(operand, at: walk.source, in: &builder)
    let spatial = Shape(Array(input.shape.dropFirst().dropLast()))
    let flat = Kernel.Index.linear(Array(walk.source.dropFirst().dropLast()), in: spatial)
    let place = builder.define(.i32, .index(flat))
    search.offer(element, place, at: walk.lane, in: &builder)
    walk.closeWindow(in: &builder)
    let winner = builder.read(search.place, .i32, at: walk.lane)
    let target = builder.argument(block(of: instruction.result), result, isWritten: true)
    builder.append(.store(argument: target, at: walk.position, winner))
    walk.closePosition(in: &builder)
  }
}

/// The loops of a pooling kernel: parallel over batch and output positions, and inside over the
/// channels, which lie next to each other in memory, and the window.
///
/// A small window inside its input is unrolled in the loop over the channels, and what accumulates
/// stays in registers. Else the channels are the inner loop, over an array of accumulators.
private struct WindowWalk {
  let lanes: Int
  let lane: Kernel.Index
  /// Where the element under the window lies in the input.
  let source: [Kernel.Index]
  /// Where the result lies in the output.
  let position: Kernel.Index
  private let channel: Kernel.Variable
  private let windowVariables: [Kernel.Variable]
  private let guards: [Kernel.Guard]
  private let isUnrolled: Bool

  /// Elements of the largest window that is unrolled.
  private static let smallWindow = 16

  init(_ window: Window, input: Shape, output: Shape, in builder: inout KernelBuilder) {
    let rank = window.spatialRank
    for extent in output { _ = builder.addVariable(extent: extent) }
    channel = rank + 1
    var source: [Kernel.Index] = [.variable(0)]
    var guards: [Kernel.Guard] = []
    var variables: [Kernel.Variable] = []
    for axis in 0..<rank {
      let within = builder.addVariable(extent: window.sizes[axis])
      variables.append(within)
      let start = Kernel.Index.variable(axis + 1).scaled(by: window.strides[axis])
      let step = Kernel.Index.variable(within).scaled(by: window.dilations[axis])
      let index = start + step + .constant(-window.low[axis])
      source.append(index)
      let range = index.range(builder.extents)
      if range.lowerBound < 0 || range.upperBound >= input[axis + 1] {
        guards.append(Kernel.Guard(index, in: 0..<input[axis + 1]))
      }
    }
    source.append(.variable(channel))
    self.source = source
    self.guards = guards
    windowVariables = variables
    isUnrolled = guards.isEmpty && window.sizes.reduce(1, *) <= Self.smallWindow
    lanes = isUnrolled ? 1 : output[rank + 1]
    lane = isUnrolled ? .constant(0) : .variable(channel)
    position = .linear(output.indices.map { .variable($0) }, in: output)
    builder.setParallel(Array(0...rank))
  }

  /// Before the accumulators.
  func openPosition(in builder: inout KernelBuilder) {
    if isUnrolled { builder.openScope() }
  }

  func openWindow(in builder: inout KernelBuilder) {
    builder.openScope()
    if isUnrolled { return }
    if !guards.isEmpty { builder.openScope() }
    builder.openScope()
  }

  /// After the window, before the result is stored.
  func closeWindow(in builder: inout KernelBuilder) {
    if isUnrolled { return builder.closeLoop(over: windowVariables, isVectorizable: false) }
    builder.closeLoop(over: [channel], isVectorizable: true)
    if !guards.isEmpty {
      let statements = builder.closeScope()
      let isInside = builder.define(.bool, .test(guards))
      builder.append(.when(isInside, body: statements))
    }
    builder.closeLoop(over: windowVariables, isVectorizable: false)
    builder.openScope()
  }

  func closePosition(in builder: inout KernelBuilder) {
    builder.closeLoop(over: [channel], isVectorizable: true)
  }
}
