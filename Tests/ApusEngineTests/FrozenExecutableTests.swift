import ApusIR
import ApusReference
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusCPU

/// Protects programs with frozen inputs: weights that are packed, folded and computed ahead give what
/// the reference gives for the whole.
@Suite struct FrozenExecutableTests {
  init() { EngineRegistry.register(PrimitiveTableTests.cpu) }

  private func check(
    _ program: Program, frozen: Set<Int>, seed: UInt64, tolerance: Tolerance? = nil
  ) throws {
    let inputs = RandomProgram.inputs(for: program, seed: seed)
    let expected = try program.run(on: PrimitiveTableTests.reference, inputs)
    let executable = try FrozenExecutable(program, device: .cpu, frozen: frozen)
    let state = try executable.freeze { inputs[$0] }
    for _ in 0..<2 {
      let actual = try executable.run(state, { inputs[$0] })
      let text = program.difference(actual, expected, tolerance: tolerance)
      #expect(text == nil, "seed \(seed), frozen \(frozen.sorted()):\n\(program)")
    }
  }

  /// Wide enough for the library, so that the weights are packed.
  @Test func weightsArePacked() throws {
    let program = Program(
      parsing: """
        program(%0: f32[1, 14, 14, 64], %1: f32[128, 64, 3, 3], %2: f32[128], %3: f32[128], %4: f32[300, 128])
          %5: f32[1, 14, 14, 128] = convolution(strides: [1, 1], dilations: [1, 1], low: [1, 1], high: [1, 1], groups: 1) %0, %1
          %6: f32[1, 14, 14, 128] = broadcast %2
          %7: f32[1, 14, 14, 128] = multiply %5, %6
          %8: f32[1, 14, 14, 128] = broadcast %3
          %9: f32[1, 14, 14, 128] = add %7, %8
          %10: f32[196, 128] = reshape %9
          %11: f32[196, 300] = matmul(transposeB) %10, %4
          return %11
        """)
    try program.validate()
    try check(program, frozen: [1, 2, 3, 4], seed: 2, tolerance: Tolerance(relative: 1e-4))
    try check(program, frozen: [1, 4], seed: 3, tolerance: Tolerance(relative: 1e-4))
    let engine = PrimitiveTableTests.cpu
    let plan = try engine.compile(program, options: CompileOptions(frozen: [1, 4]))
    let weights = Buffer(byteCount: program.types[1].byteCount)
    let packed = try plan.prepare(weights, frozen: 1)
    #expect(packed !== weights, "oneDNN wants these weights in another layout")
    #expect(try plan.prepare(weights, frozen: 2) === weights)
  }

  /// Weights that something else reads stay as they are.
  @Test func sharedWeightsStay() throws {
    let program = Program(
      parsing: """
        program(%0: f32[64, 96], %1: f32[300, 96], %2: i64[5])
          %3: f32[64, 300] = matmul(transposeB) %0, %1
          %4: f32[5, 96] = gather(axis: 0, slices) %1, %2
          return %3, %4
        """)
    try program.validate()
    let plan = try PrimitiveTableTests.cpu.compile(program, options: CompileOptions(frozen: [1]))
    let weights = Buffer(byteCount: program.types[1].byteCount)
    #expect(try plan.prepare(weights, frozen: 1) === weights)
    try check(program, frozen: [1], seed: 4)
  }

  @Test(arguments: 0..<8) func randomProgramsAgree(block: Int) throws {
    for index in 0..<15 {
      let seed = UInt64(1_000 + block * 100 + index)
      let program = RandomProgram.generate(seed: seed, size: Int(4 + seed % 24))
      let frozen = Set((0..<program.inputCount).filter { (seed >> UInt64($0 % 5)) & 1 == 0 })
      let inputs = RandomProgram.inputs(for: program, seed: seed)
      let executable = try FrozenExecutable(program, device: .cpu, frozen: frozen)
      let actual = try executable.run(executable.freeze { inputs[$0] }, { inputs[$0] })
      // The engine's own result is the measure: programs may magnify what was rounded otherwise.
      let whole = try program.run(on: PrimitiveTableTests.cpu, inputs)
      let text = program.difference(actual, whole, tolerance: Tolerance(relative: 1e-3))
      #expect(text == nil, "seed \(seed), frozen \(frozen.sorted())\n\(program)")
    }
  }
}
