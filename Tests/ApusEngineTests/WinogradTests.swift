import ApusIR
import ApusReference
import ApusRuntime
import ApusTestSupport
import Testing

/// Protects convolutions by Winograd's algorithm: they are taken where they pay, and give what the
/// direct sum gives but for rounding.
@Suite struct WinogradTests {
  /// Images whose extents are and are not a multiple of the tile's, with and without padding.
  struct Case: CustomTestStringConvertible, Sendable {
    var batch = 8, inChannels = 64, outChannels = 64
    var height = 8, width = 8
    var low = [1, 1], high = [1, 1]

    var testDescription: String {
      "\(batch)×\(height)×\(width)×\(inChannels) → \(outChannels), \(low), \(high)"
    }

    static let all = [
      Case(), Case(height: 14, width: 16), Case(inChannels: 48, outChannels: 80, height: 12),
      Case(height: 10, width: 18, low: [0, 0], high: [0, 0]),
      Case(batch: 16, height: 9, width: 8, low: [0, 1], high: [1, 1]), Case(batch: 32, height: 4, width: 4),
    ]
  }

  private static let capabilities = Lowering.Capabilities(
    matmul: [.f32, .bf16], convolution: [.f32, .bf16], prefersWinograd: true)

  /// The convolution or one of its gradients, then a bias and a ReLU where it is the forward one.
  private func program(
    _ test: Case, _ kind: Convolution.Kind, _ dtype: DType, followed: Bool
  ) throws -> Program {
    let attributes = Convolution(
      strides: [1, 1], dilations: [1, 1], low: test.low, high: test.high, groups: 1)
    let input = TensorType(dtype, [test.batch, test.height, test.width, test.inChannels])
    let kernel = TensorType(dtype, [test.outChannels, test.inChannels, 3, 3])
    let output = try Primitive.convolution(attributes).infer([input, kernel])[0]
    let (operands, primitive): ([TensorType], Primitive) =
      switch kind {
      case .forward: ([input, kernel], .convolution(attributes))
      case .inputGradient:
        (
          [output, kernel],
          .convolution(attributes.with(kind: kind, extents: [test.height, test.width]))
        )
      case .weightGradient:
        ([input, output], .convolution(attributes.with(kind: kind, extents: [3, 3])))
      }
    let bias = TensorType(dtype, [test.outChannels])
    var program = Program(inputs: operands + (followed ? [bias, output] : []))
    func append(_ primitive: Primitive, _ operands: [Program.Value]) throws -> Program.Value {
      let types = try primitive.infer(operands.map { program.types[$0] })
      return program.append(primitive, operands, types: types).lowerBound
    }
    var result = try append(primitive, [0, 1])
    if followed {
      result = try append(.binary(.add), [result, try append(.broadcast(output.shape), [2])])
      result = try append(.binary(.add), [result, 3])
      let zero = try append(.constant(.zero(dtype), output), [])
      result = try append(
        .select, [try append(.compare(.lessEqual), [result, zero]), zero, result])
    }
    program.outputs = [result]
    return program
  }

  /// The transforms add and subtract numbers up to six times the operands' size, and the error is that
  /// of the direct sum times about ten; bf16 is rounded once, as in the direct sum.
  private func check(
    _ program: Program, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let plan = try Lowering.plan(for: program, capabilities: Self.capabilities)
    #expect(
      plan.steps.contains { if case .matmul = $0.operation { true } else { false } },
      "\(plan)", sourceLocation: sourceLocation)
    let inputs = RandomProgram.inputs(for: program, seed: 5)
    let expected = try program.run(on: PrimitiveTableTests.reference, inputs)
    let actual = try program.run(on: PrimitiveTableTests.cpu, inputs)
    let allowed = program.outputTypes[0].dtype == .f32 ? 1e-4 : 2e-2
    let text = program.difference(actual, expected, tolerance: Tolerance(relative: allowed))
    #expect(text == nil, sourceLocation: sourceLocation)
  }

  @Test(arguments: Case.all, Convolution.Kind.allCases)
  func agreesWithTheReference(_ test: Case, _ kind: Convolution.Kind) throws {
    try check(try program(test, kind, .f32, followed: false))
  }

  @Test(arguments: Convolution.Kind.allCases) func bf16(_ kind: Convolution.Kind) throws {
    let test = Case(inChannels: 128, outChannels: 192, height: 16, width: 16)
    try check(try program(test, kind, .bf16, followed: false))
  }

  @Test(arguments: [Case.all[0], Case.all[1]])
  func whatFollowsIsTakenIn(_ test: Case) throws {
    let program = try program(test, .forward, .f32, followed: true).optimised()
    let plan = try Lowering.plan(for: program, capabilities: Self.capabilities)
    #expect(plan.steps.count == 4, "\(plan)")
    try check(program)
  }

  /// Few channels, few pixels, other strides: the library's convolutions stay.
  @Test func takenOnlyWhereItPays() throws {
    for test in [
      Case(inChannels: 16, outChannels: 16), Case(height: 5, width: 5), Case(batch: 1),
    ] {
      let plan = try Lowering.plan(
        for: try program(test, .forward, .f32, followed: false), capabilities: Self.capabilities)
      #expect(plan.steps.count == 1, "\(test): \(plan)")
    }
  }
}
