import ApusIR
import ApusReference
import ApusRuntime
import ApusTestSupport
import Testing

/// Protects how batch norm's sums are computed: those that read the same memory in one walk, and what
/// only one expression uses nowhere in memory.
@Suite struct ReductionGroupTests {
  private static let capabilities = Lowering.Capabilities(
    matmul: [.f32, .bf16], convolution: [.f32, .bf16])

  private func check(_ text: String, steps: Int, arena: Int? = nil) throws {
    let program = Program(parsing: text)
    try program.validate()
    let plan = try Lowering.plan(for: program, capabilities: Self.capabilities)
    #expect(plan.steps.count == steps, "\(plan)")
    if let arena { #expect(plan.arenaBytes == arena, "\(plan)") }
    let inputs = RandomProgram.inputs(for: program, seed: 9)
    let expected = try program.run(on: PrimitiveTableTests.reference, inputs)
    let actual = try program.run(on: PrimitiveTableTests.cpu, inputs)
    #expect(program.difference(actual, expected) == nil)
  }

  /// Partial sums and their combination, for both sums.
  @Test(arguments: ["f32", "bf16"]) func sumsShareAWalk(_ dtype: String) throws {
    try check(
      """
      program(%0: \(dtype)[32, 40, 64], %1: \(dtype)[32, 40, 64]) {
        %2: \(dtype)[64] = reduceSum(axes: [0, 1]) %0
        %3: \(dtype)[32, 40, 64] = multiply %0, %1
        %4: \(dtype)[64] = reduceSum(axes: [0, 1]) %3
        %5: \(dtype)[64] = reduceMaximum(axes: [0, 1]) %1
        return %2, %4, %5
      }
      """, steps: 2)
  }

  /// A sum that needs another's result waits for it.
  @Test func aSumOfDistancesFollowsTheMean() throws {
    try check(
      """
      program(%0: f32[32, 40, 64]) {
        %1: f32[64] = reduceSum(axes: [0, 1]) %0
        %2: f32[32, 40, 64] = broadcast %1
        %3: f32[32, 40, 64] = subtract %0, %2
        %4: f32[64] = reduceSum(axes: [0, 1]) %3
        return %1, %4
      }
      """, steps: 4)
  }

  /// The comparison and the choice of a ReLU use the same sum, which is computed once, in registers.
  @Test func aReLUsOperandIsNotStored() throws {
    try check(
      """
      program(%0: f32[64, 64], %1: f32[64, 64]) {
        %2: f32[64, 64] = divide %0, %1
        %3: f32[64, 64] = constant(0.0)
        %4: bool[64, 64] = lessEqual %2, %3
        %5: f32[64, 64] = select %4, %3, %2
        return %5
      }
      """, steps: 1, arena: 0)
  }
}
