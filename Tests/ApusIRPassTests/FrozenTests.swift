import ApusIR
import ApusReference
import ApusTestSupport
import Testing

/// Protects what is computed once for frozen inputs, and what is left for every run.
@Suite struct FrozenTests {
  @Test func scalesOfChannelsGoIntoTheWeights() throws {
    // Batch norm in inference: mean %2, factor %3, shift %4.
    let before = """
      program(%0: f32[2, 5, 5, 3], %1: f32[4, 3, 1, 1], %2: f32[4], %3: f32[4], %4: f32[4])
        %5: f32[2, 5, 5, 4] = convolution(strides: [1, 1], dilations: [1, 1], low: [0, 0], high: [0, 0], groups: 1) %0, %1
        %6: f32[2, 5, 5, 4] = broadcast %2
        %7: f32[2, 5, 5, 4] = subtract %5, %6
        %8: f32[2, 5, 5, 4] = broadcast %3
        %9: f32[2, 5, 5, 4] = multiply %7, %8
        %10: f32[2, 5, 5, 4] = broadcast %4
        %11: f32[2, 5, 5, 4] = add %9, %10
        return %11
      """
    let after = """
      program(%0: f32[2, 5, 5, 3], %1: f32[4, 3, 1, 1], %2: f32[4], %3: f32[4], %4: f32[4])
        %5: f32[4] = negate %2
        %6: f32[4] = multiply %5, %3
        %7: f32[4] = add %6, %4
        %8: f32[4, 1, 1, 1] = reshape %3
        %9: f32[4, 3, 1, 1] = broadcast %8
        %10: f32[4, 3, 1, 1] = multiply %1, %9
        %11: f32[2, 5, 5, 4] = convolution(strides: [1, 1], dilations: [1, 1], low: [0, 0], high: [0, 0], groups: 1) %0, %10
        %12: f32[2, 5, 5, 4] = broadcast %7
        %13: f32[2, 5, 5, 4] = add %11, %12
        return %13
      """
    let program = Program(parsing: before)
    try program.validate()
    let result = FoldScalesIntoConvolutions.rewrite(program, frozen: [1, 2, 3, 4])
    try result?.validate()
    #expect(result?.description == after)
    // A bias alone is the convolution's own, and a factor that may change is none of its weights'.
    #expect(FoldScalesIntoConvolutions.rewrite(program, frozen: [1, 2, 4]) == nil)
    #expect(FoldScalesIntoConvolutions.rewrite(program, frozen: [2, 3, 4]) == nil)
    #expect(FoldScalesIntoConvolutions.rewrite(program, frozen: []) == nil)
  }

  @Test func frozenPartsAreComputedApart() throws {
    let program = Program(
      parsing: """
        program(%0: f32[2, 3], %1: f32[4, 3], %2: f32[4])
          %3: f32[4] = exp %2
          %4: f32[4, 1] = reshape %3
          %5: f32[4, 3] = broadcast %4
          %6: f32[4, 3] = multiply %1, %5
          %7: f32[3, 4] = transpose([1, 0]) %6
          %8: f32[2, 4] = matmul %0, %7
          %9: f32[2, 4] = broadcast %2
          %10: f32[2, 4] = add %8, %9
          %11: f32[2, 4] = constant(2.0)
          %12: f32[2, 4] = multiply %10, %11
          return %12, %3
        """)
    try program.validate()
    let split = FrozenSplit(program, frozen: [1, 2])
    try split.main.validate()
    #expect(split.varying == [0])
    #expect(split.values.map(\.inputs) == [[2], [2], [1, 2]])
    #expect(split.values.map(\.isInput) == [true, false, false])
    #expect(
      split.values[1].program.description == """
        program(%0: f32[4])
          %1: f32[4] = exp %0
          return %1
        """)
    #expect(
      split.values[2].program.description == """
        program(%0: f32[4, 3], %1: f32[4])
          %2: f32[4] = exp %1
          %3: f32[4, 1] = reshape %2
          %4: f32[4, 3] = broadcast %3
          %5: f32[4, 3] = multiply %0, %4
          return %5
        """)
    #expect(
      split.main.description == """
        program(%0: f32[2, 3], %1: f32[4], %2: f32[4], %3: f32[4, 3])
          %4: f32[3, 4] = transpose([1, 0]) %3
          %5: f32[2, 4] = matmul %0, %4
          %6: f32[2, 4] = broadcast %1
          %7: f32[2, 4] = add %5, %6
          %8: f32[2, 4] = constant(2.0)
          %9: f32[2, 4] = multiply %7, %8
          return %9, %2
        """)
  }

  /// Whatever is frozen, both parts together compute what the whole does.
  @Test(arguments: 0..<10) func partsMakeTheWhole(block: Int) throws {
    for seed in 0..<20 {
      let seed = UInt64(block * 100 + seed)
      let program = RandomProgram.generate(seed: seed, size: 30)
      let inputs = RandomProgram.inputs(for: program, seed: seed)
      let frozen = Set((0..<program.inputCount).filter { (seed >> UInt64($0 % 8)) & 1 == 0 })
      let split = FrozenSplit(program, frozen: frozen)
      try split.main.validate()
      let engine = ReferenceEngine()
      let values = try split.values.map { value in
        try value.program.validate()
        #expect(frozen.isSuperset(of: value.inputs))
        return try value.program.run(on: engine, value.inputs.map { inputs[$0] })[0]
      }
      let results = try split.main.run(on: engine, split.varying.map { inputs[$0] } + values)
      let expected = try program.run(on: engine, inputs)
      #expect(program.difference(results, expected, tolerance: .exact) == nil, "seed \(seed)")
    }
  }
}
