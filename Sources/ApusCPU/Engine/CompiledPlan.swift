import ApusIR
import ApusRuntime
import Synchronization

/// A plan with its kernels compiled and its library calls prepared.
final class CompiledPlan: CompiledProgram {
  let plan: Plan
  let steps: [any PreparedStep]
  /// Scratch memory that one library call needs at most.
  let scratchpadBytes: Int
  let cost: Cost
  /// Whether a run is too short to be handed to the engine's thread.
  let isSmall: Bool
  var aliases: [Int?] { plan.aliases }

  /// Memory of runs that have ended, for the next ones.
  private let idle = Mutex<[Workspace]>([])

  /// For frozen inputs that are wanted in another layout what writes it.
  private let packers: [Int: NativePrimitive]

  /// - Parameters:
  ///   - frozen: inputs that are given as `prepare` returned them.
  ///   - constants: inputs that stay the same while a loop runs this plan again and again.
  ///   - outer: whether the plan that this one is a part of is small.
  init(
    _ plan: Plan, frozen: Set<Int> = [], constants: Range<Int> = 0..<0, inSmall outer: Bool? = nil,
    fallback: any PrimitiveEvaluator
  ) throws {
    self.plan = plan
    cost = Cost(plan)
    isSmall = outer ?? (cost.flops + cost.bytesMoved < Self.worthHandingOver)
    let weights = plan.frozenWeights(frozen)
    steps = try Preparation(
      plan: plan, packed: Set(weights.keys), constants: constants, isSmall: isSmall,
      fallback: fallback
    ).steps()
    var packers: [Int: NativePrimitive] = [:]
    for (step, input) in weights { packers[input] = steps[step].packer }
    self.packers = packers
    scratchpadBytes = steps.map(\.scratchpadBytes).max() ?? 0
  }

  func prepare(_ buffer: Buffer, frozen input: Int) throws -> Buffer {
    guard let packer = packers[input], packer.reordersWeights else { return buffer }
    let packed = Buffer(byteCount: packer.packedWeightsSize)
    let scratchpad = Buffer(byteCount: packer.scratchpadSize)
    try EngineThread.shared.run {
      try packer.packWeights(
        buffer.pointer, into: packed.pointer, scratchpad: scratchpad.pointer)
    }
    return packed
  }

  func run(inputs: [Buffer], outputs: [Buffer], profiler: Profiler?) throws {
    let workspace = idle.withLock { $0.popLast() } ?? Workspace(self)
    defer { idle.withLock { $0.append(workspace) } }
    workspace.bind(
      inputs: inputs.map(\.pointer), outputs: outputs.map(\.pointer), arena: workspace.arena.pointer)
    // OpenMP keeps a team of workers for every thread that starts parallel work, and with more
    // workers than cores they stop spinning. So large plans all start from one thread, and small
    // ones run on their caller's, and alone.
    if isSmall {
      try execute(workspace, profiler: profiler)
    } else {
      try EngineThread.shared.run { try execute(workspace, profiler: profiler) }
    }
  }

  /// Work, in operations and bytes, next to which handing it to another thread costs nothing.
  private static let worthHandingOver = 1_000_000

  /// Runs the steps on a workspace whose blocks are bound.
  func execute(_ workspace: Workspace, profiler: Profiler?) throws {
    guard let profiler else {
      for (index, step) in steps.enumerated() { try step.run(workspace, index: index) }
      return
    }
    workspace.profiler = profiler
    defer { workspace.profiler = nil }
    let program = profiler.begin(self, plan)
    for (index, step) in steps.enumerated() {
      let start = monotonicNanoseconds()
      try step.run(workspace, index: index)
      // The steps inside have been recorded themselves.
      if step.inner != nil { continue }
      profiler.record(
        plan, program: program, step: index, start: start, end: monotonicNanoseconds())
    }
  }
}

/// A step ready to run.
protocol PreparedStep: Sendable {
  var scratchpadBytes: Int { get }
  /// Blocks whose addresses the step wants side by side, in this order.
  var arguments: [Int] { get }
  /// A plan inside the step, which needs a workspace of its own.
  var inner: CompiledPlan? { get }
  /// Writes the step's weights in the layout in which it takes them, if that is its own.
  var packer: NativePrimitive? { get }
  /// Memory in which the step keeps what it has prepared.
  var keptBytes: Int { get }

  /// Does before the rounds of a loop what is the same in each of them.
  func prepare(_ workspace: Workspace, index: Int) throws
  func run(_ workspace: Workspace, index: Int) throws
}

extension PreparedStep {
  var scratchpadBytes: Int { 0 }
  var arguments: [Int] { [] }
  var inner: CompiledPlan? { nil }
  var packer: NativePrimitive? { nil }
  var keptBytes: Int { 0 }
  func prepare(_ workspace: Workspace, index: Int) throws {}
}

/// The memory of one run: arena, scratchpad, and the addresses of all blocks.
final class Workspace: @unchecked Sendable {
  // Sendable: handed from run to run through a lock; one run uses it at a time.

  let arena: Buffer
  let scratchpad: Buffer
  /// The address of each block.
  let blocks: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private let plan: Plan
  /// For each step the addresses of its arguments.
  private let arguments: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let argumentStarts: [Int]
  private let argumentBlocks: [Int]
  /// For each step with a plan inside, its workspace.
  private var inner: [Workspace?]
  /// For each step that keeps something, its memory.
  private let kept: [Buffer?]
  /// Told of the steps that run.
  var profiler: Profiler?

  /// - Parameter outer: the workspace whose scratchpad this one shares.
  init(_ compiled: CompiledPlan, outer: Workspace? = nil) {
    plan = compiled.plan
    arena = Buffer(byteCount: outer == nil ? plan.arenaBytes : 0)
    scratchpad = outer?.scratchpad ?? Buffer(byteCount: compiled.scratchpadBytes)
    blocks = .allocate(capacity: max(plan.blocks.count, 1))
    var starts: [Int] = []
    var flat: [Int] = []
    for step in compiled.steps {
      starts.append(flat.count)
      flat += step.arguments
    }
    argumentStarts = starts
    argumentBlocks = flat
    arguments = .allocate(capacity: max(flat.count, 1))
    kept = compiled.steps.map { $0.keptBytes == 0 ? nil : Buffer(byteCount: $0.keptBytes) }
    inner = []
    inner = compiled.steps.map { step in step.inner.map { Workspace($0, outer: self) } }
  }

  deinit {
    blocks.deallocate()
    arguments.deallocate()
  }

  /// Works out the address of every block.
  func bind(
    inputs: [UnsafeMutableRawPointer], outputs: [UnsafeMutableRawPointer],
    arena: UnsafeMutableRawPointer
  ) {
    for (index, block) in plan.blocks.enumerated() {
      switch block.place {
      case .input(let input): blocks[index] = inputs[input]
      case .output(let output): blocks[index] = outputs[output]
      case .arena(let offset): blocks[index] = arena + offset
      }
    }
    for (index, block) in argumentBlocks.enumerated() { arguments[index] = blocks[block] }
  }

  func arguments(of step: Int) -> UnsafePointer<UnsafeMutableRawPointer?> {
    UnsafePointer(arguments + argumentStarts[step])
  }

  func inner(of step: Int) -> Workspace { inner[step]! }

  func kept(by step: Int) -> UnsafeMutableRawPointer? { kept[step]?.pointer }

  /// The address of a view's first element.
  func address(_ view: Plan.View, _ dtype: DType) -> UnsafeMutableRawPointer {
    blocks[view.block] + view.offset * dtype.byteCount
  }
}

extension Cost {
  init(_ plan: Plan) {
    let traffic = plan.steps.reduce(0) { total, step in
      (step.reads + step.writes).reduce(total) { $0 + plan.blocks[$1].byteCount }
    }
    let inputs = plan.inputTypes.reduce(0) { $0 + $1.byteCount }
    let outputs = zip(plan.outputTypes, plan.aliases).reduce(0) { total, output in
      output.1 == nil ? total + output.0.byteCount : total
    }
    self.init(
      flops: plan.steps.reduce(0) { $0 + $1.flops }, bytesMoved: traffic,
      arenaBytes: plan.arenaBytes, peakBytes: plan.arenaBytes + inputs + outputs)
  }
}
