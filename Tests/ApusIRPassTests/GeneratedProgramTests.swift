import ApusIR
import ApusReference
import ApusTestSupport
import Testing

/// Programs made by chance give the same results before and after each pass, and after all.
@Suite struct GeneratedProgramTests {
  static let passes: [any Pass.Type] =
    PassPipeline.standard.preparation + PassPipeline.standard.passes

  /// Tame programs: every bit must stay, but for powers, where 1e-6 is allowed.
  @Test(arguments: 0..<20) func resultsStayTheSame(block: Int) throws {
    for seed in 0..<15 { try check(seed: UInt64(block * 100 + seed), RandomProgram.Options()) }
  }

  /// With NaN, infinities and -0 every bit must stay.
  @Test(arguments: 0..<20) func specialNumbersStayTheSame(block: Int) throws {
    var options = RandomProgram.Options()
    options.special = true
    options.binary.removeAll { $0 == .power }
    for seed in 0..<15 { try check(seed: UInt64(block * 100 + seed), options) }
  }

  private func check(seed: UInt64, _ options: RandomProgram.Options) throws {
    let program = RandomProgram.generate(seed: seed, size: 30, options: options)
    try program.validate()
    let inputs = RandomProgram.inputs(for: program, seed: seed, options: options)
    let engine = ReferenceEngine()
    let expected = try program.run(on: engine, inputs)
    func agree(_ changed: Program, _ what: String) throws {
      do { try changed.validate() } catch {
        Issue.record("seed \(seed), \(what): \(error)\n\(program)\n→\n\(changed)")
        return
      }
      guard changed.outputTypes == program.outputTypes, changed.inputTypes == program.inputTypes
      else {
        Issue.record("seed \(seed), \(what): the signature changed")
        return
      }
      let results = try changed.run(on: engine, inputs)
      let tolerance = options.special ? Tolerance.exact : Tolerance(relative: 1e-6)
      if let text = program.difference(results, expected, tolerance: tolerance) {
        Issue.record("seed \(seed), \(what): \(text)\n\(program)\n→\n\(changed)")
      }
    }
    var current = program
    for _ in 0..<3 {
      for pass in Self.passes {
        guard let next = pass.rewrite(current) else { continue }
        try agree(next, pass.name)
        current = next
      }
    }
    let optimised = program.optimised()
    try agree(optimised, "all")
    #expect(optimised.optimised() == optimised, "seed \(seed): not a fixpoint")
    try agree(program.canonicalised(), "canonical form")
    #expect(program.canonicalised() == program.canonicalised().canonicalised())
  }

  /// The generator is worth its name: every primitive and dtype occurs, in bodies too.
  @Test func everyPrimitiveIsGenerated() {
    var kinds: Set<Primitive.Kind> = []
    var dtypes: Set<DType> = []
    var names: Set<String> = []
    func note(_ program: Program) {
      dtypes.formUnion(program.types.map(\.dtype))
      for instruction in program.instructions {
        kinds.insert(instruction.primitive.kind)
        names.insert(instruction.primitive.name)
        if let body = instruction.primitive.body { note(body) }
      }
    }
    for seed in 0..<200 { note(RandomProgram.generate(seed: UInt64(seed), size: 40)) }
    #expect(kinds == Set(Primitive.Kind.allCases).subtracting([.input, .output]))
    #expect(dtypes == Set(DType.allCases))
    let missing = PrimitiveRegistry.all.map(\.name).filter {
      !names.contains($0) && !["input", "output", "call", "host"].contains($0)
    }
    #expect(missing.isEmpty)
  }

  @Test func oneSeedGivesOneProgram() {
    let a = RandomProgram.generate(seed: 7, size: 40)
    #expect(a == RandomProgram.generate(seed: 7, size: 40))
    #expect(a != RandomProgram.generate(seed: 8, size: 40))
  }

  /// Text forms can be read back, so a failing program can be pasted into a test.
  @Test func textCanBeReadBack() {
    var options = RandomProgram.Options()
    options.kinds.remove(.host)
    for seed in 0..<60 {
      let program = RandomProgram.generate(seed: UInt64(seed), size: 30, options: options)
      #expect(Program(parsing: program.description).description == program.description)
    }
  }
}
