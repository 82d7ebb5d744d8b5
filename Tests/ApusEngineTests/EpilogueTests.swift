import ApusIR
import ApusReference
import ApusRuntime
import ApusTestSupport
import Testing

/// Protects what products and convolutions apply on their way out: it is taken in where it can be,
/// and gives what the reference gives.
@Suite struct EpilogueTests {
  private static let capabilities = Lowering.Capabilities(
    matmul: [.f32, .bf16], convolution: [.f32, .bf16])

  /// Runs a program of one library call and nothing else.
  /// - Parameter name: how the call's name ends.
  private func check(
    _ text: String, _ name: String, steps: Int = 1, inputs given: [Buffer]? = nil,
    tolerance: Tolerance? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let program = Program(parsing: text)
    try program.validate()
    let plan = try Lowering.plan(for: program, capabilities: Self.capabilities)
    let names = plan.steps.map(\.name)
    #expect(names.count == steps, "\(names)", sourceLocation: sourceLocation)
    #expect(names.last?.hasSuffix(name) == true, "\(names)", sourceLocation: sourceLocation)
    let inputs = given ?? RandomProgram.inputs(for: program, seed: 3)
    let expected = try program.run(on: PrimitiveTableTests.reference, inputs)
    let actual = try program.run(on: PrimitiveTableTests.cpu, inputs)
    let difference = program.difference(actual, expected, tolerance: tolerance)
    #expect(difference == nil, sourceLocation: sourceLocation)
  }

  @Test(arguments: ["f32", "bf16"]) func biasThroughReshapes(_ dtype: String) throws {
    try check(
      """
      program(%0: \(dtype)[6, 5], %1: \(dtype)[5, 7], %2: \(dtype)[7]) {
        %3: \(dtype)[6, 7] = matmul %0, %1
        %4: \(dtype)[2, 3, 7] = reshape %3
        %5: \(dtype)[2, 3, 7] = broadcast %2
        %6: \(dtype)[2, 3, 7] = add %4, %5
        return %6
      }
      """, "+bias")
  }

  /// A convolution writes over what it adds, unless someone still needs that.
  @Test func residualInPlace() throws {
    let before = """
      program(%0: f32[1, 6, 6, 32], %1: f32[32, 32, 1, 1], %2: f32[1, 6, 6, 32]) {
        %3: f32[1, 6, 6, 32] = cumulativeSum(axis: 1) %2
        %4: f32[1, 6, 6, 32] = convolution(strides: [1, 1], dilations: [1, 1], low: [0, 0], high: [0, 0], groups: 1) %0, %1
        %5: f32[1, 6, 6, 32] = add %4, %3

      """
    try check(before + "  return %5\n}", "+itself", steps: 2)
    try check(before + "  return %5, %3\n}", "+tensor", steps: 2)
  }

  @Test(arguments: ["f32", "bf16"]) func biasOfBatches(_ dtype: String) throws {
    try check(
      """
      program(%0: \(dtype)[3, 2, 5], %1: \(dtype)[3, 5, 7], %2: \(dtype)[1, 7]) {
        %3: \(dtype)[3, 2, 7] = matmul %0, %1
        %4: \(dtype)[3, 2, 7] = broadcast %2
        %5: \(dtype)[3, 2, 7] = add %4, %3
        return %5
      }
      """, "+bias")
  }

  @Test(arguments: ["f32", "bf16"]) func residual(_ dtype: String) throws {
    try check(
      """
      program(%0: \(dtype)[6, 5], %1: \(dtype)[5, 7], %2: \(dtype)[7], %3: \(dtype)[2, 3, 7]) {
        %4: \(dtype)[6, 7] = matmul %0, %1
        %5: \(dtype)[2, 3, 7] = reshape %4
        %6: \(dtype)[2, 3, 7] = broadcast %2
        %7: \(dtype)[2, 3, 7] = add %5, %6
        %8: \(dtype)[2, 3, 7] = add %3, %7
        return %8
      }
      """, "+bias+tensor")
  }

  @Test func sumOfTwoProducts() throws {
    try check(
      """
      program(%0: f32[6, 5], %1: f32[5, 7], %2: f32[6, 3], %3: f32[3, 7], %4: f32[7]) {
        %5: f32[6, 7] = matmul %0, %1
        %6: f32[6, 7] = matmul %2, %3
        %7: f32[6, 7] = add %5, %6
        %8: f32[6, 7] = broadcast %4
        %9: f32[6, 7] = add %7, %8
        return %9
      }
      """, "+bias+tensor", steps: 2)
  }

  /// A value that is needed by itself stays.
  @Test func aSharedProductIsStored() throws {
    try check(
      """
      program(%0: f32[6, 5], %1: f32[5, 7], %2: f32[6, 7]) {
        %3: f32[6, 7] = matmul %0, %1
        %4: f32[6, 7] = add %3, %2
        return %3, %4
      }
      """, "add", steps: 2)
  }

  @Test(arguments: ["f32", "bf16"]) func relu(_ dtype: String) throws {
    let text = """
      program(%0: \(dtype)[4, 1], %1: \(dtype)[1, 8]) {
        %2: \(dtype)[4, 8] = matmul %0, %1
        %3: \(dtype)[4, 8] = constant(0.0)
        %4: bool[4, 8] = lessEqual %2, %3
        %5: \(dtype)[4, 8] = select %4, %3, %2
        return %5
      }
      """
    try check(text, "+relu")
    // What is no number, or as far from zero as can be.
    let types = Program(parsing: text).inputTypes
    let odd = [.nan, .infinity, -.infinity, -0.0, -1e30, 1e30, -3, 0.5]
    try check(
      text, "+relu", inputs: [buffer([1, 1, 1, 1], types[0]), buffer(odd, types[1])],
      tolerance: .exact)
  }

  @Test func gelu() throws {
    let text = """
      program(%0: f32[4, 1], %1: f32[1, 64]) {
        %2: f32[4, 64] = matmul %0, %1
        %3: f32[4, 64] = constant(0.5)
        %4: f32[4, 64] = multiply %2, %3
        %5: f32[4, 64] = constant(0.70710677)
        %6: f32[4, 64] = multiply %2, %5
        %7: f32[4, 64] = erf %6
        %8: f32[4, 64] = constant(1.0)
        %9: f32[4, 64] = add %7, %8
        %10: f32[4, 64] = multiply %4, %9
        return %10
      }
      """
    try check(text, "+gelu", tolerance: Tolerance(relative: 1e-6))
    let types = Program(parsing: text).inputTypes
    let line = (0..<63).map { Double($0 - 32) / 4 } + [.nan]
    try check(
      text, "+gelu", inputs: [buffer([1, 1, 1, 1], types[0]), buffer(line, types[1])],
      tolerance: Tolerance(relative: 1e-6))
  }

  @Test(arguments: ["f32", "bf16"]) func convolution(_ dtype: String) throws {
    let attributes = "strides: [1, 1], dilations: [1, 1], low: [1, 1], high: [1, 1], groups: 1"
    try check(
      """
      program(%0: \(dtype)[2, 5, 6, 16], %1: \(dtype)[16, 16, 3, 3], %2: \(dtype)[16], %3: \(dtype)[2, 5, 6, 16]) {
        %4: \(dtype)[2, 5, 6, 16] = convolution(\(attributes)) %0, %1
        %5: \(dtype)[2, 5, 6, 16] = broadcast %2
        %6: \(dtype)[2, 5, 6, 16] = add %4, %5
        %7: \(dtype)[2, 5, 6, 16] = add %6, %3
        %8: \(dtype)[2, 5, 6, 16] = constant(0.0)
        %9: bool[2, 5, 6, 16] = lessEqual %7, %8
        %10: \(dtype)[2, 5, 6, 16] = select %9, %8, %7
        return %10
      }
      """, "+bias+tensor+relu")
  }

  /// Nine products a result weigh less than the library's activation.
  @Test func shallowConvolutionsTakeNoActivation() throws {
    let attributes = "strides: [1, 1], dilations: [1, 1], low: [1, 1], high: [1, 1], groups: 1"
    try check(
      """
      program(%0: f32[2, 5, 6, 1], %1: f32[16, 1, 3, 3], %2: f32[16]) {
        %3: f32[2, 5, 6, 16] = convolution(\(attributes)) %0, %1
        %4: f32[2, 5, 6, 16] = broadcast %2
        %5: f32[2, 5, 6, 16] = add %3, %4
        %6: f32[2, 5, 6, 16] = constant(0.0)
        %7: bool[2, 5, 6, 16] = lessEqual %5, %6
        %8: f32[2, 5, 6, 16] = select %7, %6, %5
        return %8
      }
      """, "lessEqual", steps: 2)
  }

  /// Heads go back beside each other without a copy.
  @Test(arguments: ["f32", "bf16"]) func writesTransposed(_ dtype: String) throws {
    try check(
      """
      program(%0: \(dtype)[2, 3, 5, 4], %1: \(dtype)[2, 3, 4, 16])
        %2: \(dtype)[2, 3, 5, 16] = matmul %0, %1
        %3: \(dtype)[2, 5, 3, 16] = transpose([0, 2, 1, 3]) %2
        %4: \(dtype)[10, 48] = reshape %3
        return %4
      """, "[2, 3, 4, 16]")
  }

  @Test(arguments: ["f32", "bf16"]) func writesIntoAConcatenation(_ dtype: String) throws {
    try check(
      """
      program(%0: \(dtype)[2, 3, 5, 4], %1: \(dtype)[2, 3, 4, 16], %2: \(dtype)[2, 5, 48])
        %3: \(dtype)[2, 3, 5, 16] = matmul %0, %1
        %4: \(dtype)[2, 5, 3, 16] = transpose([0, 2, 1, 3]) %3
        %5: \(dtype)[2, 5, 48] = reshape %4
        %6: \(dtype)[2, 5, 96] = concatenate(axis: 2) %2, %5
        return %6
      """, "copy", steps: 2)
    try check(
      """
      program(%0: \(dtype)[2, 5, 4], %1: \(dtype)[2, 4, 16], %2: \(dtype)[2, 7, 4])
        %3: \(dtype)[2, 5, 16] = matmul %0, %1
        %4: \(dtype)[2, 7, 16] = matmul %2, %1
        %5: \(dtype)[2, 12, 16] = concatenate(axis: 1) %3, %4
        return %5
      """, "[2, 4, 16]", steps: 2)
  }
}
