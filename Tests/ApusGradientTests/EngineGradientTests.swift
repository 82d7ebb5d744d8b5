import ApusCPU
import ApusIR
import ApusReference
import ApusRuntime
import ApusTestSupport
import Testing

/// Protects the compiler on what differentiation makes of each primitive: programs that no one
/// writes by hand.
@Suite struct EngineGradientTests {
  static let primitives = Set(GradientCases.all.map(\.primitive)).sorted()

  /// All gradients of a primitive's cases, of first and second order, as one program.
  @Test(arguments: primitives)
  func agreesWithTheReference(_ primitive: String) throws {
    var random = SplitMix64(seed: 3)
    var leaves: [Node] = []
    var values: [Buffer] = []
    var outputs: [Node] = []
    func leaf(_ type: TensorType, _ numbers: [Double]) -> Node {
      leaves.append(.placeholder(type))
      values.append(buffer(numbers, type))
      return leaves.last!
    }
    func seeds(_ nodes: [Node]) -> [Node] {
      nodes.map { node in
        let numbers = (0..<node.shape.elementCount).map { _ in
          Double.random(in: -1...1, using: &random)
        }
        return leaf(node.type, numbers)
      }
    }
    for gradientCase in GradientCases.all where gradientCase.primitive == primitive {
      let operands = gradientCase.operands.map { leaf($0.type, $0.values(&random)) }
      let targets = operands.filter(\.dtype.isFloating)
      let results = try gradientCase.function(operands).filter(\.dtype.isFloating)
      let first = try Gradients.compute(of: results, seeds: seeds(results), for: targets)
      outputs += results + first
      outputs += try Gradients.compute(of: first, seeds: seeds(first), for: targets)
    }
    let program = Program.capturing(inputs: leaves, outputs: outputs).program
    let expected = try program.run(on: ReferenceEngine(), values)
    let engine = try CPUEngine(fallback: ReferenceEvaluator())
    let actual = try program.run(on: engine, values)
    #expect(program.difference(actual, expected) == nil)
  }
}
