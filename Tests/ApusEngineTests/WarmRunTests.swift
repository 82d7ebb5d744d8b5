import ApusIR
import ApusReference
import ApusRuntime
import Synchronization
import Testing

@testable import ApusCPU

#if canImport(Glibc)
  import Glibc

  /// A warm run takes no memory: no object is allocated in it, and no page is touched for the first time.
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

    @Test func nothingIsAllocated() throws {
      try withWarmStep { compiled, workspace in
        let count = try AllocationCount()
        for _ in 0..<20 { try compiled.execute(workspace, profiler: nil) }
        #expect(count.value == 0, "objects in 20 runs")
        withExtendedLifetime(Marker()) {}
        #expect(count.value > 0, "the count counts")
      }
    }

    private final class Marker {}

    /// Pages that this thread touched for the first time.
    private static var faults: Int {
      var usage = rusage()
      getrusage(__rusage_who_t(1 /* RUSAGE_THREAD */), &usage)
      return usage.ru_minflt
    }
  }

  private typealias Allocate =
    @convention(c) (UnsafeRawPointer?, Int, Int) -> UnsafeMutableRawPointer?
  nonisolated(unsafe) private var original: Allocate?
  private let counted = Atomic<Int>(0)
  private let watched = Atomic<UInt>(0)

  /// Counts the objects that this thread allocates, by Swift's hook for such tools.
  private struct AllocationCount: ~Copyable {
    private let slot: UnsafeMutablePointer<Allocate>

    init() throws {
      let enable = dlsym(
        nil, "_swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly")
      enable?.storeBytes(of: 1, as: UInt8.self)
      slot = try #require(dlsym(nil, "_swift_allocObject")).assumingMemoryBound(to: Allocate.self)
      if original == nil { original = slot.pointee }
      counted.store(0, ordering: .relaxed)
      watched.store(UInt(pthread_self()), ordering: .relaxed)
      slot.pointee = { metadata, size, mask in
        if UInt(pthread_self()) == watched.load(ordering: .relaxed) {
          counted.add(1, ordering: .relaxed)
        }
        return original!(metadata, size, mask)
      }
    }

    var value: Int { counted.load(ordering: .relaxed) }

    deinit { slot.pointee = original! }
  }
#endif
