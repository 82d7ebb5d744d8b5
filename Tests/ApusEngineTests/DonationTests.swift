import ApusCPU
import ApusIR
import ApusReference
import ApusRuntime
import ApusTestSupport
import Testing

/// Protects donated memory: an output takes over an input's memory only where that changes nothing,
/// and does where an update in place is possible.
@Suite struct DonationTests {
  private static let cpu = PrimitiveTableTests.cpu
  private let vector = TensorType(.f32, [1031])

  /// Runs a program with donated inputs and holds the outputs against the reference.
  /// - Returns: the aliases.
  @discardableResult
  private func check(_ program: Program, donated: Set<Int>) throws -> [Int?] {
    let compiled = try Self.cpu.compile(program, options: CompileOptions(donated: donated))
    let inputs = RandomProgram.inputs(for: program, seed: 5)
    let expected = try program.run(on: PrimitiveTableTests.reference, inputs)
    let outputs = zip(program.outputTypes, compiled.aliases).map { type, alias in
      alias.map { inputs[$0] } ?? Buffer(byteCount: type.byteCount)
    }
    let lent = compiled.aliases.compactMap { $0 }
    #expect(Set(lent).count == lent.count, "an input lends its memory once")
    #expect(donated.isSuperset(of: lent), "only donated inputs lend theirs")
    for (output, alias) in compiled.aliases.enumerated() {
      if let alias { #expect(program.types[alias] == program.outputTypes[output]) }
    }
    let kept = inputs.indices.filter { !lent.contains($0) }
    let before = kept.map { numbers(in: inputs[$0], program.types[$0]) }
    try compiled.run(inputs: inputs, outputs: outputs, profiler: nil)
    #expect(program.difference(outputs, expected) == nil, "\(program)")
    for (input, old) in zip(kept, before) {
      let now = numbers(in: inputs[input], program.types[input])
      #expect(zip(now, old).allSatisfy { $0 == $1 || $0.isNaN }, "input \(input) is only read")
    }
    return compiled.aliases
  }

  private func parse(_ text: String) -> Program { Program(parsing: text) }

  @Test func updatesHappenInPlace() throws {
    let update = parse("""
      program(%0: f32[1031], %1: f32[1031]) {
        %2: f32[1031] = constant(0.1)
        %3: f32[1031] = multiply %1, %2
        %4: f32[1031] = subtract %0, %3
        return %4
      }
      """)
    #expect(try check(update, donated: [0]) == [0])
    #expect(try check(update, donated: []) == [nil])
    // Momentum: v' = 0.9 v + g, p' = p - v'.
    let momentum = parse("""
      program(%0: f32[1031], %1: f32[1031], %2: f32[1031]) {
        %3: f32[1031] = constant(0.9)
        %4: f32[1031] = multiply %1, %3
        %5: f32[1031] = add %4, %2
        %6: f32[1031] = subtract %0, %5
        return %6, %5
      }
      """)
    let aliases = try check(momentum, donated: [0, 1])
    #expect(aliases.allSatisfy { $0 != nil })
  }

  @Test func swappedInputsKeepTheirValues() throws {
    let swap = parse("""
      program(%0: f32[1031], %1: f32[1031]) {
        return %1, %0
      }
      """)
    try check(swap, donated: [0, 1])
    let rotate = parse("""
      program(%0: f32[1031], %1: f32[1031], %2: f32[1031]) {
        return %1, %2, %0
      }
      """)
    try check(rotate, donated: [0, 1, 2])
    let negatedSwap = parse("""
      program(%0: f32[1031], %1: f32[1031]) {
        %2: f32[1031] = negate %1
        %3: f32[1031] = sin %0
        return %2, %3
      }
      """)
    try check(negatedSwap, donated: [0, 1])
    let handedThrough = parse("""
      program(%0: f32[1031], %1: f32[1031]) {
        %2: f32[1031] = add %0, %1
        return %0, %2, %0
      }
      """)
    try check(handedThrough, donated: [0, 1])
  }

  /// An element is needed again after its place was written.
  @Test(arguments: [
    "reverse(axes: [0]) %0", "cumulativeSum(axis: 0) %0", "cumulativeSum(axis: 0, reverse) %0",
  ])
  func readsOfOtherPlacesComeFirst(_ operation: String) throws {
    let program = parse("""
      program(%0: f32[1031], %1: f32[1031]) {
        %2: f32[1031] = \(operation)
        %3: f32[1031] = add %0, %2
        %4: f32[1031] = multiply %3, %1
        return %4
      }
      """)
    try check(program, donated: [0])
    try check(program, donated: [0, 1])
  }

  @Test func shiftedReadsComeFirst() throws {
    let shifted = parse("""
      program(%0: f32[1031]) {
        %1: f32[1030] = slice(1..<1031) %0
        %2: f32[1031] = pad(low: [0], high: [1], interior: [0], value: 0.0) %1
        %3: f32[1031] = add %0, %2
        return %3
      }
      """)
    try check(shifted, donated: [0])
    let transposed = parse("""
      program(%0: f32[33, 33]) {
        %1: f32[33, 33] = transpose([1, 0]) %0
        %2: f32[33, 33] = add %0, %1
        return %2
      }
      """)
    try check(transposed, donated: [0])
    let product = parse("""
      program(%0: f32[33, 33], %1: f32[33, 33]) {
        %2: f32[33, 33] = matmul %0, %1
        %3: f32[33, 33] = subtract %0, %2
        return %3, %2
      }
      """)
    try check(product, donated: [0, 1])
    // A row's total is needed after its elements were written.
    let normalised = parse("""
      program(%0: f32[40, 130]) {
        %1: f32[40] = reduceSum(axes: [1]) %0
        %2: f32[40, 1] = reshape %1
        %3: f32[40, 130] = broadcast %2
        %4: f32[40, 130] = subtract %0, %3
        %5: f32[40] = reduceMaximum(axes: [1]) %4
        return %4, %5
      }
      """)
    try check(normalised, donated: [0])
    let scattered = parse("""
      program(%0: f32[33, 5], %1: i64[7], %2: f32[7, 5]) {
        %3: f32[33, 5] = scatter(axis: 0, slices, add) %0, %1, %2
        %4: f32[7, 5] = gather(axis: 0, slices) %0, %1
        return %3, %4
      }
      """)
    try check(scattered, donated: [0, 2])
  }

  /// Any program, with any of its inputs donated.
  @Test func randomPrograms() throws {
    for seed in UInt64(9_000)..<9_150 {
      let program = RandomProgram.generate(seed: seed, size: Int(4 + seed % 16))
      var random = SplitMix64(seed: seed)
      let donated = Set(0..<program.inputCount).filter { _ in Bool.random(using: &random) }
      // Two compilations of one program give the same numbers, donated or not.
      let inputs = RandomProgram.inputs(for: program, seed: seed)
      let expected = try program.run(on: Self.cpu, inputs)
      let compiled = try Self.cpu.compile(program, options: CompileOptions(donated: donated))
      let outputs = zip(program.outputTypes, compiled.aliases).map { type, alias in
        alias.map { inputs[$0] } ?? Buffer(byteCount: type.byteCount)
      }
      try compiled.run(inputs: inputs, outputs: outputs, profiler: nil)
      let difference = program.difference(outputs, expected, tolerance: .exact)
      #expect(difference == nil, "seed \(seed), donated \(donated.sorted())\n\(program)")
    }
  }
}
