import ApusCPU
import ApusIR
import ApusReference
import ApusRuntime
import ApusTestSupport
import Testing

/// Protects recomputation: the same numbers, the body a second time, less memory.
@Suite struct CheckpointTests {
  private static let size = 1 << 14
  private static let type = TensorType(.f32, [size])
  private static let layers = 8

  /// x → a chain of products with sines, eight large intermediates a layer.
  private static let layer: Program = {
    var body = Program(inputs: [type])
    var value = 0
    for _ in 0..<8 {
      let sine = try! body.append(.unary(.sin), [value])
      value = try! body.append(.cumulative(.sum, axis: 0, reverse: false), [sine])
      let scale = try! body.append(.constant(.floating(1.0 / 8192), type), [])
      value = try! body.append(.binary(.multiply), [value, scale])
    }
    body.outputs = [value]
    return body
  }()

  /// The gradient of all layers one after the other.
  private static func gradient(checkpointed: Bool) throws -> Program {
    let x = Node.placeholder(type)
    let seed = Node.placeholder(type)
    var value = x
    for _ in 0..<layers {
      if checkpointed {
        let call = Call(name: "checkpoint", body: layer, rule: .checkpoint)
        value = try Node(.output(0), [Node(.call(call), [value])])
      } else {
        value = try layer.instantiate(on: [value])[0]
      }
    }
    let found = try Gradients.compute(of: [value], seeds: [seed], for: [x])
    return Program.capturing(inputs: [x, seed], outputs: [value] + found).program
  }

  private static func inputs() -> [Buffer] {
    let values = (0..<size).map { Double($0 % 17) / 17 - 0.5 }
    return [buffer(values, type), buffer(values.reversed(), type)]
  }

  @Test func recomputationSavesMemoryAndChangesNothing() throws {
    let engine = try CPUEngine(fallback: ReferenceEvaluator())
    let plain = try Self.gradient(checkpointed: false)
    let checkpointed = try Self.gradient(checkpointed: true)
    let costs = try [plain, checkpointed].map {
      try engine.compile($0, options: CompileOptions()).cost
    }
    // Each sine's operand is kept, 64 of them; recomputed, 8 of one layer and one for each other.
    #expect(costs[1].arenaBytes * 2 < costs[0].arenaBytes, "\(costs[1]) against \(costs[0])")
    #expect(costs[1].flops > costs[0].flops, "the body is computed twice")
    let inputs = Self.inputs()
    let expected = try plain.run(on: ReferenceEngine(), inputs)
    #expect(plain.difference(try plain.run(on: engine, inputs), expected) == nil)
    #expect(checkpointed.difference(try checkpointed.run(on: engine, inputs), expected) == nil)
    let again = try checkpointed.run(on: ReferenceEngine(), inputs)
    #expect(checkpointed.difference(again, expected, tolerance: .exact) == nil)
  }

  /// Merging equal computations must not merge the second one with the first.
  @Test func theSecondComputationIsNotMergedWithTheFirst() throws {
    func count(_ program: Program) -> Int {
      program.optimised().instructions.count { $0.primitive == .unary(.sin) }
    }
    let plain = try Self.gradient(checkpointed: false)
    let checkpointed = try Self.gradient(checkpointed: true)
    #expect(count(plain) == 8 * Self.layers)
    #expect(count(checkpointed) >= 2 * 8 * Self.layers - Self.layers)
  }

  /// Checkpoints in checkpoints, and the gradient of a gradient, keep their numbers.
  @Test func nestedCheckpoints() throws {
    let vector = TensorType(.f64, [3])
    var inner = Program(inputs: [vector])
    inner.outputs = [try inner.append(.unary(.sin), [0])]
    var outer = Program(inputs: [vector])
    let call = Call(name: "inner", body: inner, rule: .checkpoint)
    let sine = outer.append(.call(call), [0], types: [vector]).lowerBound
    outer.outputs = [try outer.append(.binary(.multiply), [sine, 0])]
    let nested = GradientCase(
      .call(Call(name: "call", body: outer, rule: .checkpoint)), [Operand([3])])
    #expect(try FiniteDifferences.difference(nested, seed: 1) == nil)
    #expect(try FiniteDifferences.secondDifference(nested, seed: 1) == nil)
  }
}
