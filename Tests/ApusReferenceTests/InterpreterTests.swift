import ApusIR
import ApusReference
import ApusRuntime
import Testing

/// Whole programs on the reference engine: memory, outputs of every kind, cost, profile.
@Suite struct InterpreterTests {
  private let vector = TensorType(.f32, [4])

  private func run(
    _ program: Program, _ inputs: [[Float]], profiler: Profiler? = nil
  ) throws -> [[Float]] {
    let compiled = try ReferenceEngine().compile(program, options: CompileOptions(donated: [0]))
    #expect(compiled.aliases == program.outputs.map { _ in nil })
    let buffers = inputs.map { Buffer(copying: $0) }
    let outputs = program.outputTypes.map { Buffer(byteCount: $0.byteCount) }
    try compiled.run(inputs: buffers, outputs: outputs, profiler: profiler)
    for (buffer, input) in zip(buffers, inputs) {
      #expect(Array(buffer.elements(as: Float.self)) == input, "inputs are only read")
    }
    return outputs.map { Array($0.elements(as: Float.self)) }
  }

  /// An input, the same input again, a value twice, and a value that others still read.
  @Test func outputsMayBeAnyValues() throws {
    var program = Program(inputs: [vector, vector])
    let sum = try program.append(.binary(.add), [0, 1])
    let negated = try program.append(.unary(.negate), [sum])
    program.outputs = [0, negated, sum, negated, 0]
    let results = try run(program, [[1, 2, 3, 4], [10, 20, 30, 40]])
    #expect(
      results == [
        [1, 2, 3, 4], [-11, -22, -33, -44], [11, 22, 33, 44], [-11, -22, -33, -44], [1, 2, 3, 4],
      ])
  }

  /// A chain needs two intermediates at a time, however long it is.
  @Test func intermediatesDieAfterTheirLastUse() throws {
    var program = Program(inputs: [vector])
    var value = 0
    for _ in 0..<10 { value = try program.append(.unary(.negate), [value]) }
    program.outputs = [value]
    let cost = try ReferenceEngine().compile(program, options: CompileOptions()).cost
    #expect(cost.arenaBytes == 2 * 16)
    #expect(cost.peakBytes == 2 * 16 + 16 + 16)
    #expect(cost.flops == 40)
    #expect(cost.bytesMoved == 10 * 2 * 16)
    #expect(try run(program, [[1, 2, 3, 4]]) == [[1, 2, 3, 4]])
  }

  /// A value that is needed at the end stays; one that nobody needs goes at once.
  @Test func liveRangesCountInThePeak() throws {
    var program = Program(inputs: [vector])
    let early = try program.append(.unary(.negate), [0])
    try program.append(.unary(.exp), [0])
    let middle = try program.append(.unary(.absolute), [0])
    let late = try program.append(.unary(.floor), [middle])
    program.outputs = [try program.append(.binary(.add), [early, late])]
    let cost = try ReferenceEngine().compile(program, options: CompileOptions()).cost
    #expect(cost.arenaBytes == 3 * 16)
    #expect(try run(program, [[0.5, 1.5, -1.5, 2]]) == [[-0.5, -0.5, 2.5, 0]])
  }

  @Test func loopsCountTheirRounds() throws {
    var body = Program(inputs: [vector, vector])
    let product = try body.append(.binary(.multiply), [0, 1])
    body.outputs = [try body.append(.binary(.add), [product, 1])]
    let scan = Scan(body: body, length: 5, constants: 0, carries: 1)
    var program = Program(inputs: [vector, TensorType(.f32, [5, 4])])
    program.outputs = [try program.append(.scan(scan), [0, 1])]
    let cost = try ReferenceEngine().compile(program, options: CompileOptions()).cost
    #expect(cost.flops == 5 * 2 * 4)
    // One intermediate of the body and two sets of carries.
    #expect(cost.arenaBytes == 3 * 16)
  }

  @Test func aHostOperationsErrorReachesTheCaller() throws {
    struct Singular: Error {}
    let failing = HostOperation(
      name: "solve", infer: { operands in operands }, gradient: .zero,
      evaluate: { _, _, _, _ in throw Singular() })
    var program = Program(inputs: [vector])
    program.outputs = [try program.append(.host(failing), [0])]
    #expect(throws: Singular.self) { try run(program, [[1, 2, 3, 4]]) }
  }

  @Test func profilesEachInstruction() throws {
    var program = Program(inputs: [TensorType(.f32, [2, 3]), TensorType(.f32, [3, 4])])
    let product = try program.append(.matmul(transposeA: false, transposeB: false), [0, 1])
    program.outputs = [try program.append(.reduce(.sum, axes: [0]), [product])]
    let profiler = Profiler()
    let inputs = [[Float](repeating: 1, count: 6), [Float](repeating: 2, count: 12)]
    #expect(try run(program, inputs, profiler: profiler) == [[12, 12, 12, 12]])
    #expect(profiler.events.map(\.name) == ["matmul", "reduceSum"])
    #expect(profiler.events.map(\.flops) == [2 * 2 * 3 * 4, 8])
    #expect(profiler.events.map(\.bytes) == [(6 + 12 + 8) * 4, (8 + 4) * 4])
    #expect(profiler.events.allSatisfy { $0.start > 0 && $0.end >= $0.start })
  }

  @Test func countsTheWorkOfConvolutions() throws {
    let forward = Convolution(
      strides: [1, 1], dilations: [1, 1], low: [1, 1], high: [1, 1], groups: 2)
    let input = TensorType(.f32, [2, 8, 8, 4])
    let kernel = TensorType(.f32, [6, 2, 3, 3])
    let output = TensorType(.f32, [2, 8, 8, 6])
    let expected = 2 * (2 * 8 * 8 * 6) * (2 * 3 * 3)
    let backward = [
      forward.with(kind: .inputGradient, extents: [8, 8]),
      forward.with(kind: .weightGradient, extents: [3, 3]),
    ]
    let forms = [
      (forward, [input, kernel], output), (backward[0], [output, kernel], input),
      (backward[1], [input, output], kernel),
    ]
    for (attributes, operands, result) in forms {
      let primitive = Primitive.convolution(attributes)
      #expect(try primitive.infer(operands) == [result])
      #expect(primitive.flops(operands: operands, results: [result]) == expected)
    }
  }

  /// Folding a constant must give what computing it would: `Scalar.converted` is `cast`.
  @Test(arguments: DType.allCases)
  func constantsConvertAsCastDoes(_ source: DType) throws {
    let values: [Scalar] = [
      .floating(0), .floating(-1.75), .floating(300.5), .floating(-40000), .floating(1e12),
      .floating(-1e30), .floating(1 / 3), .floating(65519.9), .integer(.max), .integer(.min),
      .integer(9_007_199_791_611_905), .floating(.infinity), .floating(.nan),
    ]
    for value in values {
      let scalar = value.converted(to: source)
      for target in DType.allCases {
        var program = Program(inputs: [])
        let constant = try program.append(.constant(scalar, TensorType(source, [])), [])
        let folded = scalar.converted(to: target)
        program.outputs = [
          try program.append(.cast(target), [constant]),
          try program.append(.constant(folded, TensorType(target, [])), []),
        ]
        let compiled = try ReferenceEngine().compile(program, options: CompileOptions())
        let outputs = (0..<2).map { _ in Buffer(byteCount: target.byteCount) }
        try compiled.run(inputs: [], outputs: outputs, profiler: nil)
        let bytes = outputs.map { Array($0.elements(as: UInt8.self)) }
        #expect(bytes[0] == bytes[1], "\(scalar) from \(source) to \(target)")
      }
    }
  }
}

@Suite struct RandomBitsTests {
  /// Random123's known answer for a counter and key of zeros.
  @Test func matchesTheKnownAnswer() throws {
    let type = TensorType(.i64, [1])
    let key = Buffer(copying: [Int64](repeating: 0, count: 2))
    let result = Buffer(byteCount: 8)
    try ReferenceEvaluator().evaluate(
      .randomBits(type), operands: [UnsafeRawPointer(key.pointer)],
      operandTypes: [TensorType(.i64, [2])], results: [result.pointer], resultTypes: [type])
    #expect(result.elements(as: UInt64.self)[0] == 0xE169_C58D_6627_E8D5)
  }
}
