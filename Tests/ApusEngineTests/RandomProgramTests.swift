import ApusCPU
import ApusIR
import ApusReference
import ApusRuntime
import ApusTestSupport
import Foundation
import Testing

/// Protects the CPU engine as a whole: whatever program it is given, it computes what the reference
/// interpreter computes.
@Suite struct RandomProgramTests {
  static let cpu = try! CPUEngine(fallback: ReferenceEvaluator())
  static let reference = ReferenceEngine()

  static let environment = ProcessInfo.processInfo.environment
  /// Set `APUS_SEED` and `APUS_PROGRAMS` to look at other programs, or at one.
  static let seed = environment["APUS_SEED"].flatMap(UInt64.init) ?? 1
  static let count = environment["APUS_PROGRAMS"].flatMap(UInt64.init) ?? 2_000
  static let batches: UInt64 = 8

  @Test(arguments: 0..<batches) func agreesWithTheReference(batch: UInt64) throws {
    var failures = 0
    for index in stride(from: batch, to: Self.count, by: Int(Self.batches)) {
      let seed = Self.seed + index
      let program = RandomProgram.generate(seed: seed, size: Int(4 + seed % 24))
      let inputs = RandomProgram.inputs(for: program, seed: seed)
      let expected = try program.run(on: Self.reference, inputs)
      let actual = try program.run(on: Self.cpu, inputs)
      if let difference = difference(program, actual, expected) {
        Issue.record("APUS_SEED=\(seed) APUS_PROGRAMS=1: \(difference)\n\(program)")
        failures += 1
        if failures > 4 { return }
      }
    }
  }

  /// The first output that differs by more than the precision of what it was computed from: an f64
  /// made of an f32 is no more exact than that.
  private func difference(
    _ program: Program, _ actual: [Buffer], _ expected: [Buffer]
  ) -> String? {
    var tolerances = program.types.map { Tolerance.standard($0.dtype).relative }
    for instruction in program.instructions {
      let inherited = instruction.operands.map { tolerances[$0] }.max() ?? 0
      let own = instruction.primitive.body.map { body in
        body.types.map { Tolerance.standard($0.dtype).relative }.max() ?? 0
      }
      for result in instruction.results where program.types[result].dtype.isFloating {
        tolerances[result] = max(tolerances[result], inherited, own ?? 0)
      }
    }
    for (index, output) in program.outputs.enumerated() {
      let text = ApusTestSupport.difference(
        actual[index], expected[index], program.types[output],
        tolerance: Tolerance(relative: tolerances[output]))
      if let text { return "output \(index) (%\(output)): \(text)" }
    }
    return nil
  }
}
