import ApusCPU
import ApusIR
import ApusReference
import ApusRuntime
import ApusTestSupport
import Synchronization
import Testing

/// Protects the memory plan: nothing that lives is overwritten, and the plan is all the memory
/// there is.
@Suite(.serialized) struct MemoryPlanTests {
  private static let cpu = PrimitiveTableTests.cpu
  private static let capabilities = Lowering.Capabilities(
    matmul: [.f32, .bf16], convolution: [.f32, .bf16])

  @Test func liveBlocksNeverOverlap() throws {
    for seed in UInt64(0)..<400 {
      let program = RandomProgram.generate(seed: seed, size: Int(6 + seed % 40)).optimised()
      var random = SplitMix64(seed: seed)
      let donated = Set(0..<program.inputCount).filter { _ in Bool.random(using: &random) }
      let plan = try Lowering.plan(
        for: program, capabilities: Self.capabilities, donated: donated)
      if let fault = fault(in: plan) { Issue.record("seed \(seed): \(fault)\n\(plan)") }
    }
  }

  /// Two blocks in one place at one time, a read of what no one wrote, or a block out of bounds;
  /// nil where there is none. Bodies of loops included.
  private func fault(in plan: Plan) -> String? {
    var first: [Int: Int] = [:]
    var last: [Int: Int] = [:]
    for (index, step) in plan.steps.enumerated() {
      // A kernel may read again what it wrote itself.
      for block in step.reads where first[block] == nil && !step.writes.contains(block) {
        if case .input = plan.blocks[block].place { continue }
        return "step \(index) reads block \(block) before it is written"
      }
      for block in step.reads + step.writes {
        if first[block] == nil { first[block] = index }
        last[block] = index
      }
      if case .scan(let call) = step.operation {
        let carries = call.body.outputTypes.prefix(call.scan.carries)
          .reduce(0) { $0 + Plan.aligned($1.byteCount) }
        let needed = Plan.aligned(call.body.arenaBytes) + 2 * carries
        if plan.blocks[call.scratch].byteCount < needed {
          return "the scratch of scan \(index) is too small"
        }
        if let inner = fault(in: call.body) { return "in scan \(index): \(inner)" }
      }
    }
    var placed: [(block: Int, bytes: Range<Int>, steps: ClosedRange<Int>)] = []
    for (block, start) in first {
      guard case .arena(let offset) = plan.blocks[block].place else { continue }
      let bytes = offset..<(offset + plan.blocks[block].byteCount)
      if offset % Buffer.alignment != 0 { return "block \(block) is not aligned" }
      if bytes.upperBound > plan.arenaBytes { return "block \(block) ends behind the arena" }
      placed.append((block, bytes, start...last[block]!))
    }
    for (index, a) in placed.enumerated() {
      for b in placed[..<index] where a.steps.overlaps(b.steps) && a.bytes.overlaps(b.bytes) {
        return "blocks \(a.block) and \(b.block) share bytes while both live"
      }
    }
    return donationFault(in: plan, first: first, last: last)
  }

  /// A donated input that is read after an output has taken its memory.
  private func donationFault(in plan: Plan, first: [Int: Int], last: [Int: Int]) -> String? {
    for (output, alias) in plan.aliases.enumerated() {
      guard let alias else { continue }
      let target = plan.blocks.firstIndex { $0.place == .output(output) }!
      let source = plan.blocks.firstIndex { $0.place == .input(alias) }!
      guard let read = last[source], let write = first[target] else { continue }
      // In the same step only where both are one argument of the kernel.
      if read == write, case .kernel(_, let arguments) = plan.steps[read].operation,
        !arguments.contains(source)
      { continue }
      if read >= write { return "output \(output) takes over input \(alias), which is read later" }
      let others = plan.aliases.indices.filter { plan.aliases[$0] == alias }
      if others.count > 1 { return "input \(alias) is lent twice" }
    }
    return nil
  }

  /// A chain needs one block, however long it is: each step writes over its operand.
  @Test func memoryIsUsedAgain() throws {
    let type = TensorType(.f32, [256, 64])
    var program = Program(inputs: [type])
    var value = 0
    for _ in 0..<10 { value = try program.append(.cumulative(.sum, axis: 0, reverse: false), [value]) }
    program.outputs = [value]
    let cost = try Self.cpu.compile(program, options: CompileOptions()).cost
    #expect(cost.arenaBytes == type.byteCount)
    #expect(cost.peakBytes == 3 * type.byteCount, "an intermediate, the input and the output")
    let donated = try Self.cpu.compile(program, options: CompileOptions(donated: [0]))
    #expect(donated.aliases == [0])
    #expect(donated.cost.peakBytes == 2 * type.byteCount)
  }

  /// Each run works in the arena of the run before: an operation in its middle finds its operand
  /// at one address.
  @Test func runsTakeTurnsInOneArena() throws {
    let addresses = Mutex<[UInt]>([])
    let spy = HostOperation(
      name: "spy", infer: { $0 }, gradient: .zero,
      evaluate: { operands, types, results, _ in
        let address = UInt(bitPattern: operands[0])
        addresses.withLock { $0.append(address) }
        results[0].copyMemory(from: operands[0], byteCount: types[0].byteCount)
      })
    let type = TensorType(.f32, [64, 1024])
    var program = Program(inputs: [type])
    let sums = try program.append(.cumulative(.sum, axis: 0, reverse: false), [0])
    let seen = program.append(.host(spy), [sums], types: [type]).lowerBound
    program.outputs = [try program.append(.unary(.negate), [seen])]
    let compiled = try Self.cpu.compile(program, options: CompileOptions())
    let inputs = RandomProgram.inputs(for: program, seed: 1)
    let outputs = program.outputTypes.map { Buffer(byteCount: $0.byteCount) }
    for _ in 0..<5 {
      try compiled.run(inputs: inputs, outputs: outputs, profiler: nil)
      // Memory of the arena's size that someone took meanwhile would be noticed.
      _ = Buffer(byteCount: compiled.cost.arenaBytes)
    }
    #expect(addresses.withLock { Set($0).count } == 1)
  }
}
