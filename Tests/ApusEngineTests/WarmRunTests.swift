import ApusIR
import ApusReference
import ApusRuntime
import CAllocationCounter
import Testing

@testable import ApusCPU

#if canImport(Glibc)
  import Glibc

  /// A warm run takes no memory: nothing is allocated, no page is touched for the first time.
  @Suite(.serialized) struct WarmRunTests {
    /// A training step in small: products with what follows them, reductions, an update in place.
    private func step() throws -> CompiledPlan {
      let (x, w, b) = (TensorType(.f32, [64, 256]), TensorType(.f32, [256, 512]), TensorType(.f32, [512]))
      var program = Program(inputs: [x, w, b])
      let product = try program.append(.matmul(transposeA: false, transposeB: false), [0, 1])
      let spread = try program.append(.broadcast([64, 512]), [2])
      let sum = try program.append(.binary(.add), [product, spread])
      let hidden = try program.append(.unary(.tanh), [sum])
      let again = try program.append(.matmul(transposeA: false, transposeB: true), [hidden, 1])
      let close = try program.append(.binary(.add), [again, 0])
      let rows = try program.append(.reduce(.sum, axes: [1]), [close])
      let gradient = try program.append(.matmul(transposeA: true, transposeB: false), [0, hidden])
      let updated = try program.append(.binary(.subtract), [1, gradient])
      program.outputs = [updated, rows, close]
      let engine = try CPUEngine(fallback: ReferenceEvaluator())
      let compiled = try engine.compile(program, options: CompileOptions(donated: [1]))
      return try #require(compiled as? CompiledPlan)
    }

    /// Runs `body` on the engine's thread with the step's memory bound, warm.
    private func withWarmStep(_ body: (CompiledPlan, Workspace) throws -> Void) throws {
      let compiled = try step()
      let workspace = Workspace(compiled)
      let inputs = compiled.plan.inputTypes.map { type in
        let buffer = Buffer(byteCount: type.byteCount)
        memset(buffer.pointer, 0, buffer.byteCount)
        return buffer
      }
      let outputs = zip(compiled.plan.outputTypes, compiled.aliases).map { type, alias in
        alias.map { inputs[$0] } ?? Buffer(byteCount: type.byteCount)
      }
      workspace.bind(
        inputs: inputs.map(\.pointer), outputs: outputs.map(\.pointer),
        arena: workspace.arena.pointer)
      try EngineThread.shared.run {
        for _ in 0..<3 { try compiled.execute(workspace, profiler: nil) }
        try body(compiled, workspace)
      }
      withExtendedLifetime((inputs, outputs)) {}
    }

    @Test func noPageIsTouchedForTheFirstTime() throws {
      try withWarmStep { compiled, workspace in
        let before = Self.faults
        for _ in 0..<20 { try compiled.execute(workspace, profiler: nil) }
        #expect(Self.faults - before <= 1, "faults in 20 runs")
        // The count is one of faults: fresh memory has them.
        let fresh = mmap(nil, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)!
        memset(fresh, 1, 1 << 20)
        #expect(Self.faults - before > 1)
        munmap(fresh, 1 << 20)
      }
    }

    /// oneDNN keeps a table of a call's arguments on the heap, seven pieces; there is nothing else.
    @Test func nothingIsAllocated() throws {
      try withWarmStep { compiled, workspace in
        for (index, step) in compiled.steps.enumerated() {
          let before = apus_allocation_count()
          for _ in 0..<20 { try step.run(workspace, index: index) }
          let count = apus_allocation_count() - before
          let isCall = step is MatmulStep
          #expect(isCall ? count <= 20 * 8 : count == 0, "\(count) in 20 runs of step \(index)")
        }
        // The steps in order, and nothing between them; an expectation allocates itself.
        let start = apus_allocation_count()
        for (index, step) in compiled.steps.enumerated() { try step.run(workspace, index: index) }
        let parts = apus_allocation_count()
        try compiled.execute(workspace, profiler: nil)
        let whole = apus_allocation_count()
        UnsafeMutableRawPointer.allocate(byteCount: 100, alignment: 8).deallocate()
        let end = apus_allocation_count()
        #expect(whole - parts == parts - start)
        // The count is one of allocations.
        #expect(end == whole + 1)
      }
    }

    /// Pages that this thread touched for the first time.
    private static var faults: Int {
      var usage = rusage()
      getrusage(__rusage_who_t(1 /* RUSAGE_THREAD */), &usage)
      return usage.ru_minflt
    }
  }
#endif
