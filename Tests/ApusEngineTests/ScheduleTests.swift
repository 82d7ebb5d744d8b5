import ApusIR
import ApusRuntime
import ApusTestSupport
import Testing

/// Protects the order of steps and what memory they share.
@Suite struct ScheduleTests {
  private static let capabilities = Lowering.Capabilities(matmul: [.f32], convolution: [.f32])

  private func plan(_ text: String, donated: Set<Int> = []) throws -> Plan {
    try Lowering.plan(
      for: Program(parsing: text), capabilities: Self.capabilities, donated: donated)
  }

  /// An update stands behind its gradient, not at the end, but behind all that reads the old value.
  @Test func updatesComeEarly() throws {
    let text = """
      program(%0: f32[8, 8], %1: f32[8, 8], %2: f32[4, 8])
        %3: f32[4, 8] = matmul %2, %0
        %4: f32[4, 8] = matmul %3, %1
        %5: f32[8, 8] = matmul(transposeA) %3, %4
        %6: f32[4, 8] = matmul(transposeB) %4, %1
        %7: f32[8, 8] = matmul(transposeA) %2, %6
        %8: f32[8, 8] = subtract %0, %7
        %9: f32[8, 8] = subtract %1, %5
        return %8, %9
      """
    let plan = try plan(text, donated: [0, 1])
    let names = plan.steps.map(\.name)
    #expect(plan.aliases == [0, 1])
    let update = names.firstIndex { $0.hasSuffix("subtract") }
    #expect(update == names.count - 3, "\(names)")
    let program = Program(parsing: text)
    let inputs = RandomProgram.inputs(for: program, seed: 3)
    let expected = try program.run(on: PrimitiveTableTests.reference, inputs)
    let compiled = try PrimitiveTableTests.cpu.compile(
      program, options: CompileOptions(donated: [0, 1]))
    try compiled.run(inputs: inputs, outputs: [inputs[0], inputs[1]], profiler: nil)
    #expect(program.difference([inputs[0], inputs[1]], expected) == nil)
  }

  /// Two updates that read each other's old values.
  @Test func updatesThatWaitForEachOther() throws {
    let plan = try plan(
      """
      program(%0: f32[8], %1: f32[8])
        %2: f32[8] = exp %1
        %3: f32[8] = add %0, %2
        %4: f32[8] = subtract %3, %0
        %5: f32[8] = exp %4
        %6: f32[8] = multiply %1, %5
        return %3, %6
      """, donated: [0, 1])
    #expect(!plan.steps.isEmpty)
  }

  /// What a kernel reads for the last time lends its memory to what it writes.
  @Test func aChainOfKernelsNeedsOneBlock() throws {
    let plan = try plan(
      """
      program(%0: f32[64, 64])
        %1: f32[64, 64] = matmul %0, %0
        %2: f32[64, 64] = exp %1
        %3: f32[64, 64] = matmul %2, %0
        %4: f32[64, 64] = exp %3
        %5: f32[64, 64] = matmul %4, %0
        return %5
      """)
    #expect(plan.arenaBytes == 2 * 64 * 64 * 4)
  }

  /// What a kernel writes and no one reads lends nothing.
  @Test func aDeadStoreIsNoLender() throws {
    let program = Program(
      parsing: """
        program(%0: i16[3, 2])
          %1: i64[4] = iota(axis: 0)
          %2: i64[2, 2] = reshape %1
          %3: i64[2, 2] = constant(7)
          %4: i64[2, 2] = constant(5)
          %5: i64[2, 2] = multiply %2, %3
          %6: i64[2, 2] = add %5, %4
          %7: i64[2, 2] = remainder %6, %4
          %8: i16[2, 2] = gather(axis: 0, elements) %0, %7
          %9: i64[2, 2] = add %7, %6
          %10: i32[2] = iota(axis: 0)
          %11: i32[2, 1] = reshape %10
          %12: i64[2, 1] = gather(axis: 1, elements) %5, %11
          return %8, %9, %12
        """)
    let inputs = RandomProgram.inputs(for: program, seed: 3)
    let expected = try program.run(on: PrimitiveTableTests.reference, inputs)
    let actual = try program.run(on: PrimitiveTableTests.cpu, inputs)
    #expect(program.difference(actual, expected) == nil)
  }
}
