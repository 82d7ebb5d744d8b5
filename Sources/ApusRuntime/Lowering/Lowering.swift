import ApusIR

/// Turns an optimised program into a plan: kernels and calls in order, over planned memory.
public struct Lowering {
  /// What the engine's libraries take; everything else becomes kernels or single primitives.
  public struct Capabilities: Sendable {
    public var matmul: Set<DType>
    public var convolution: Set<DType>
    /// Whether Winograd's algorithm, made of kernels and products, beats the library's convolutions.
    public var prefersWinograd: Bool

    public init(matmul: Set<DType>, convolution: Set<DType>, prefersWinograd: Bool = false) {
      self.matmul = matmul
      self.convolution = convolution
      self.prefersWinograd = prefersWinograd
    }
  }

  /// One unit of the schedule: values that one kernel computes, or steps of another kind.
  enum Entry {
    case group(KernelGroup)
    case reductions(ReductionGroup)
    case steps([Plan.Step])
  }

  let program: Program
  let capabilities: Capabilities
  let epilogues: Epilogues
  var placement: Placement
  var emitter: Emitter
  var blocks: [Plan.Block] = []
  var entries: [Entry] = []
  /// For each value that owns memory the entry that writes it; -1 for inputs.
  var writer: [Int]
  /// For each input the last entry that reads it; -1 where none does yet.
  var lastReader: [Int]
  /// Outputs that may take over the memory of a donated input.
  let updates: Set<Program.Value>
  let donated: Set<Int>
  let blockTable: BlockTable
  /// Values that turned out to need memory of their own.
  var missing: Set<Program.Value> = []

  /// The block of each value that owns memory.
  final class BlockTable {
    var blocks: [Int]
    init(count: Int) { blocks = Array(repeating: -1, count: count) }
  }

  /// Lowers a program.
  ///
  /// - Parameter donated: inputs whose memory an output may take over.
  public static func plan(
    for program: Program, capabilities: Capabilities, donated: Set<Int> = []
  ) throws(TensorError) -> Plan {
    let program = donated.isEmpty ? program : Schedule.ordered(program, donated: donated)
    var forced: Set<Program.Value> = []
    while true {
      var lowering = Lowering(program, capabilities, donated, forced: forced)
      lowering.scheduleAll()
      if let plan = lowering.finish(donated: donated) { return plan }
      // Each round stores more values, so this ends; as it finds all that are missing, two rounds
      // are nearly always enough.
      forced.formUnion(lowering.missing)
    }
  }

  private init(
    _ program: Program, _ capabilities: Capabilities, _ donated: Set<Int>,
    forced: Set<Program.Value>
  ) {
    self.program = program
    self.capabilities = capabilities
    self.donated = donated
    updates = donated.isEmpty ? [] : Set(program.outputs)
    lastReader = Array(repeating: -1, count: program.inputCount)
    epilogues = Epilogues(program, capabilities)
    placement = Placement(program, epilogues, forcing: forced)
    let table = BlockTable(count: program.types.count)
    blockTable = table
    emitter = Emitter(program, placement) { table.blocks[$0] }
    writer = Array(repeating: -1, count: program.types.count)
    for value in program.types.indices where placement.isStored[value] && placement.owner[value] == value {
      if epilogues.placed[value] != nil { continue }
      let place: Plan.Block.Place = value < program.inputCount ? .input(value) : .arena(-1)
      table.blocks[value] = blocks.count
      blocks.append(Plan.Block(place: place, type: program.types[value]))
    }
    for (part, whole) in epilogues.placed { table.blocks[part] = table.blocks[whole] }
  }

  func type(_ value: Program.Value) -> TensorType { program.types[value] }
  func block(of value: Program.Value) -> Int { blockTable.blocks[placement.owner[value]] }

  // MARK: Schedule

  private mutating func scheduleAll() {
    for instruction in program.instructions {
      guard instruction.results.contains(where: { placement.isStored[$0] && placement.owner[$0] == $0 })
      else { continue }
      do throws(Emitter.NeedsStorage) {
        try schedule(instruction)
      } catch {
        missing.insert(error.value)
      }
    }
    copyOutputs()
  }

  private mutating func schedule(_ instruction: Program.Instruction) throws(Emitter.NeedsStorage) {
    let result = instruction.result
    let isEmpty = instruction.results.allSatisfy { type($0).shape.elementCount == 0 }
    if isEmpty { return }
    if let epilogue = epilogues.byResult[result] {
      addLibraryCall(epilogue, writing: instruction)
      return
    }
    if capabilities.take(instruction, in: program) {
      addLibraryCall(Epilogues.Epilogue(producer: instruction), writing: instruction)
      return
    }
    switch instruction.primitive {
    case .reduce(let op, let axes):
      try scheduleReduction(instruction, op, axes: axes)
    case .argReduce(let op, let axis):
      try addKernel(instruction) { (lowering, builder) throws(Emitter.NeedsStorage) in
        try lowering.argReduction(instruction, op, axis: axis, in: &builder)
      }
    case .cumulative(let op, let axis, let reverse):
      try addKernel(instruction) { (lowering, builder) throws(Emitter.NeedsStorage) in
        try lowering.cumulative(instruction, op, axis: axis, reverse: reverse, in: &builder)
      }
    case .windowReduce(let op, let window):
      try addKernel(instruction) { (lowering, builder) throws(Emitter.NeedsStorage) in
        try lowering.windowReduction(instruction, op, window, in: &builder)
      }
    case .windowArgMax(let window):
      try addKernel(instruction) { (lowering, builder) throws(Emitter.NeedsStorage) in
        try lowering.windowArgMax(instruction, window, in: &builder)
      }
    case .concatenate(let axis): try scheduleConcatenation(instruction, axis: axis)
    case .pad(let padding) where padding.interior.contains { $0 > 0 }:
      try scheduleSpreadPad(instruction, padding)
    case .scatter(let axis, let addressing, let combine):
      try scheduleScatter(instruction, axis: axis, addressing, combine)
    case .matmul(let transposeA, let transposeB):
      try addKernel(instruction) { (lowering, builder) throws(Emitter.NeedsStorage) in
        try lowering.plainMatmul(instruction, transposeA, transposeB, in: &builder)
      }
    case .scan(let scan): try addScan(instruction, scan)
    case .argSort, .host, .convolution: addPrimitive(instruction)
    default: try schedulePointwise(instruction)
    }
  }


  // MARK: Outputs

  /// Outputs that no step writes in place: inputs handed through, and values returned twice.
  private mutating func copyOutputs() {
    var taken: Set<Int> = []
    for (index, value) in program.outputs.enumerated() {
      let source = block(of: value)
      if case .arena = blocks[source].place, taken.insert(source).inserted {
        blocks[source].place = .output(index)
        continue
      }
      let type = program.types[value]
      let copy = blocks.count
      blocks.append(Plan.Block(place: .output(index), type: type))
      guard type.shape.elementCount > 0 else { continue }
      entries.append(.steps([copyStep(from: source, to: copy, type)]))
    }
  }

  private func copyStep(from source: Int, to destination: Int, _ type: TensorType) -> Plan.Step {
    var builder = KernelBuilder()
    let variable = builder.addVariable(extent: type.shape.elementCount)
    builder.setParallel([variable])
    let input = builder.argument(source, type, isWritten: false)
    let output = builder.argument(destination, type, isWritten: true)
    let position = Kernel.Index.variable(variable)
    let element = builder.define(
      type.dtype,
      .load(argument: input, at: position, guards: [], otherwise: .zero(type.dtype)))
    builder.append(.store(argument: output, at: position, element))
    return Plan.Step(
      operation: .kernel(builder.finish(), arguments: builder.blocks), reads: [source],
      writes: [destination], flops: 0, module: nil)
  }

  // MARK: Result

  /// The plan; nil where values are missing.
  private mutating func finish(donated: Set<Int>) -> Plan? {
    var steps: [Plan.Step] = []
    for entry in entries {
      switch entry {
      case .steps(let ready): steps += ready
      case .reductions(let group):
        do throws(Emitter.NeedsStorage) {
          steps += try self.steps(for: group)
        } catch {
          missing.insert(error.value)
        }
      case .group(let group):
        do throws(Emitter.NeedsStorage) {
          steps.append(try step(of: group))
        } catch {
          missing.insert(error.value)
        }
      }
    }
    guard missing.isEmpty else { return nil }
    var plan = Plan(
      inputTypes: Array(program.inputTypes), outputTypes: program.outputTypes, blocks: blocks,
      steps: steps, arenaBytes: 0, aliases: program.outputs.map { _ in nil })
    plan.accumulateInPlace()
    plan.dropUnreadStores()
    plan.lendDonatedInputs(donated)
    plan.reuseDyingBlocks()
    plan.assignArena()
    return plan
  }

  private mutating func step(of group: KernelGroup) throws(Emitter.NeedsStorage) -> Plan.Step {
    let table = blockTable
    let (kernel, arguments) = try group.kernel(
      emitter: &emitter, placement: placement, block: { table.blocks[$0] })
    let instructions = group.members.compactMap { placement.definition(of: $0.value) }
    let work = instructions.reduce(0) { $0 + flops(of: $1) }
    let module = instructions.lazy.compactMap(\.module).first
    return step(kernel, arguments, flops: work, module: module)
  }

  func step(_ kernel: Kernel, _ arguments: [Int], flops: Int, module: String?) -> Plan.Step {
    let accesses = zip(arguments, kernel.arguments)
    return Plan.Step(
      operation: .kernel(kernel, arguments: arguments),
      reads: accesses.filter { $0.1.isRead }.map(\.0),
      writes: accesses.filter { $0.1.isWritten }.map(\.0), flops: flops, module: module)
  }

  /// Adds a kernel of its own for one instruction.
  mutating func addKernel(
    _ instruction: Program.Instruction,
    _ build: (inout Lowering, inout KernelBuilder) throws(Emitter.NeedsStorage) -> Void
  ) throws(Emitter.NeedsStorage) {
    var builder = KernelBuilder()
    try build(&self, &builder)
    var kernel = builder.finish()
    kernel.collapse()
    kernel.jamAccumulatingLoops()
    switch instruction.primitive {
    case .windowReduce, .windowArgMax:
      let shape = type(instruction.result).shape
      kernel.makeParallelVariablesInner(length: shape[shape.rank - 1])
    default: break
    }
    add([kernelStep(kernel, builder.blocks, instruction)], writing: instruction)
  }

  func kernelStep(
    _ kernel: Kernel, _ arguments: [Int], _ instruction: Program.Instruction
  ) -> Plan.Step {
    step(kernel, arguments, flops: flops(of: instruction), module: instruction.module)
  }

  func flops(of instruction: Program.Instruction) -> Int {
    let operands = instruction.operands.map { program.types[$0] }
    let results = Array(program.types[instruction.results])
    return instruction.primitive.flops(operands: operands, results: results)
  }

  mutating func add(_ steps: [Plan.Step], writing instruction: Program.Instruction) {
    for result in instruction.results { writer[result] = entries.count }
    let inputs = steps.flatMap(\.reads).compactMap { block -> Program.Value? in
      if case .input(let input) = blocks[block].place { input } else { nil }
    }
    noteReads(inputs, by: entries.count)
    entries.append(.steps(steps))
  }
}
