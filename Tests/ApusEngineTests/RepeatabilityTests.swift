import ApusCPU
import ApusIR
import ApusReference
import ApusRuntime
import ApusTestSupport
import Testing

/// Protects repeatability: a run gives the same bits every time, alone or beside others, and where
/// our own kernels compute, on any number of threads.
@Suite(.serialized) struct RepeatabilityTests {
  private static let cpu = PrimitiveTableTests.cpu

  /// Large enough for several threads: split sums, columns, rows, softmax, scans, oneDNN products.
  static let work = Program(parsing: """
    program(%0: f32[300, 170], %1: f32[170, 64], %2: f32[64]) {
      %3: f32[300, 64] = matmul %0, %1
      %4: f32[300, 64] = broadcast %2
      %5: f32[300, 64] = add %3, %4
      %6: f32[300] = reduceMaximum(axes: [1]) %5
      %7: f32[300, 1] = reshape %6
      %8: f32[300, 64] = broadcast %7
      %9: f32[300, 64] = subtract %5, %8
      %10: f32[300, 64] = exp %9
      %11: f32[300] = reduceSum(axes: [1]) %10
      %12: f32[64] = reduceSum(axes: [0]) %10
      %13: f32[] = reduceSum(axes: [0, 1]) %0
      %14: f32[300, 170] = cumulativeSum(axis: 0) %0
      return %5, %11, %12, %13, %14
    }
    """)

  /// The same without oneDNN.
  static let kernelsOnly = Program(parsing: """
    program(%0: f32[300, 170], %1: bf16[64, 1030], %2: i64[33]) {
      %3: f32[300, 170] = tanh %0
      %4: f32[] = reduceSum(axes: [0, 1]) %3
      %5: f32[300] = reduceSum(axes: [1]) %3
      %6: f32[170] = reduceSum(axes: [0]) %3
      %7: bf16[1030] = reduceSum(axes: [0]) %1
      %8: bf16[] = reduceSum(axes: [0, 1]) %1
      %9: f32[33, 170] = gather(axis: 0, slices) %3, %2
      %10: f32[300, 170] = scatter(axis: 0, slices, add) %0, %2, %9
      %11: f32[300, 170] = cumulativeSum(axis: 1) %3
      return %3, %4, %5, %6, %7, %8, %10, %11
    }
    """)

  private func bits(_ compiled: any CompiledProgram, _ program: Program, _ inputs: [Buffer]) throws -> [[UInt8]] {
    let outputs = program.outputTypes.map { Buffer(byteCount: $0.byteCount) }
    try compiled.run(inputs: inputs, outputs: outputs, profiler: nil)
    return outputs.map { Array($0.elements(as: UInt8.self)) }
  }

  @Test func everyRunGivesTheSameBits() async throws {
    let program = Self.work
    let compiled = try Self.cpu.compile(program, options: CompileOptions())
    let inputs = RandomProgram.inputs(for: program, seed: 3)
    let first = try bits(compiled, program, inputs)
    for _ in 0..<5 { #expect(try bits(compiled, program, inputs) == first) }
    let again = try Self.cpu.compile(program, options: CompileOptions())
    #expect(try bits(again, program, inputs) == first, "compiled a second time")
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<10 where try bits(compiled, program, inputs) != first { return false }
          return true
        }
      }
      for try await isEqual in group { #expect(isEqual, "beside seven others") }
    }
  }

  /// Small programs run on the calling thread, each in memory of its own.
  @Test func smallProgramsRunSideBySide() async throws {
    for seed in UInt64(40)..<48 {
      let program = RandomProgram.generate(seed: seed, size: 12)
      let compiled = try Self.cpu.compile(program, options: CompileOptions())
      let inputs = (0..<8).map { RandomProgram.inputs(for: program, seed: seed + 100 * $0) }
      let expected = try inputs.map { try bits(compiled, program, $0) }
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for task in 0..<8 {
          group.addTask {
            for _ in 0..<20 where try bits(compiled, program, inputs[task]) != expected[task] {
              return false
            }
            return true
          }
        }
        for try await isEqual in group { #expect(isEqual, "seed \(seed)") }
      }
    }
  }

  @Test func ourKernelsDoNotDependOnTheNumberOfThreads() throws {
    let program = Self.kernelsOnly
    let inputs = RandomProgram.inputs(for: program, seed: 4)
    let pool = ThreadPool.shared
    let before = pool.threadCount
    defer { pool.threadCount = before }
    var results: [[[UInt8]]] = []
    for threads in [1, 2, 3] {
      pool.threadCount = threads
      let compiled = try Self.cpu.compile(program, options: CompileOptions())
      results.append(try bits(compiled, program, inputs))
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }
}
