import ApusIR
import ApusReference
import ApusRuntime
import ApusTestSupport
import Testing

typealias NodeFunction = ([Node]) throws(TensorError) -> [Node]

/// Gradients held against central differences along random directions, in f64 on the reference
/// interpreter.
enum FiniteDifferences {
  /// How the gradient of a case differs from the slope of its function, or nil where it does not.
  static func difference(_ gradientCase: GradientCase, seed: UInt64) throws -> String? {
    try difference(
      gradientCase.function, gradientCase.operands, seed: seed, step: gradientCase.step,
      tolerance: gradientCase.tolerance)
  }

  /// The same for the gradient itself, taken as a function of the operands.
  static func secondDifference(_ gradientCase: GradientCase, seed: UInt64) throws -> String? {
    var random = SplitMix64(seed: seed &+ 1000)
    // The seeds of the first gradient; each function's own, and operands of the second.
    let probe = try gradientCase.function(gradientCase.operands.map { .placeholder($0.type) })
    let weights = probe.filter(\.dtype.isFloating).map { node in
      Operand(node.shape, .given(randomNumbers(node.type, &random)), dtype: node.dtype)
    }
    let count = gradientCase.operands.count
    let gradient: NodeFunction = { (inputs) throws(TensorError) in
      let operands = Array(inputs[..<count])
      let outputs = try gradientCase.function(operands).filter(\.dtype.isFloating)
      return try Gradients.compute(
        of: outputs, seeds: Array(inputs[count...]), for: operands.filter(\.dtype.isFloating))
    }
    return try difference(
      gradient, gradientCase.operands + weights, seed: seed, step: gradientCase.step,
      tolerance: gradientCase.tolerance)
  }

  /// Compares <gradient of <seed, f(x)>, u> with the central difference of <seed, f(x + t·u)>.
  static func difference(
    _ function: NodeFunction, _ operands: [Operand], seed: UInt64, step: Double, tolerance: Double
  ) throws -> String? {
    var random = SplitMix64(seed: seed)
    let point = operands.map { $0.values(&random) }
    let leaves = operands.map { Node.placeholder($0.type) }
    let outputs = try function(leaves).filter(\.dtype.isFloating)
    let weights = outputs.map { randomNumbers($0.type, &random) }
    let seeds = zip(weights, outputs).map { Node($1.type, buffer: buffer($0, $1.type)) }
    let targets = operands.indices.filter { operands[$0].type.dtype.isFloating }
    let gradients = try Gradients.compute(of: outputs, seeds: seeds, for: targets.map { leaves[$0] })

    let forward = Evaluator(outputs, on: leaves)
    let slopes = try Evaluator(gradients, on: leaves)(point)
    for (index, target) in targets.enumerated() {
      let expected = leaves[target].type
      if gradients[index].type != expected {
        return "gradient \(index) is \(gradients[index].type), expected \(expected)"
      }
      if let bad = slopes[index].first(where: { !$0.isFinite }) {
        return "gradient \(index) holds \(bad)"
      }
    }
    // All operands together along two directions.
    for _ in 0..<2 {
      var (above, below) = (point, point)
      var (predicted, scale) = (0.0, 0.0)
      for (index, target) in targets.enumerated() {
        for place in point[target].indices {
          let direction = Double.random(in: -1...1, using: &random)
          above[target][place] += step * direction
          below[target][place] -= step * direction
          predicted += slopes[index][place] * direction
          scale += (slopes[index][place] * direction).magnitude
        }
      }
      let (upper, lower) = (try forward(above), try forward(below))
      var measured = 0.0
      for (weight, (high, low)) in zip(weights, zip(upper, lower)) {
        for place in weight.indices { measured += weight[place] * (high[place] - low[place]) }
      }
      measured /= 2 * step
      let error = (measured - predicted).magnitude
      if !(error <= tolerance * max(scale, 1)) {
        return "the gradient predicts \(predicted), differences measure \(measured)"
      }
    }
    return nil
  }

  private static func randomNumbers(_ type: TensorType, _ random: inout SplitMix64) -> [Double] {
    (0..<type.shape.elementCount).map { _ in Double.random(in: -1...1, using: &random) }
  }
}

/// Computes nodes for given values of some leaves, on the reference interpreter.
struct Evaluator {
  private let program: Program
  private let captured: [Buffer]
  private let compiled: any CompiledProgram

  init(_ nodes: [Node], on leaves: [Node]) {
    let capture = Program.capturing(inputs: leaves, outputs: nodes)
    program = capture.program
    captured = capture.captured.map { $0.buffer! }
    compiled = try! ReferenceEngine().compile(program, options: CompileOptions())
  }

  func callAsFunction(_ values: [[Double]]) throws -> [[Double]] {
    let declared = zip(values, program.inputTypes).map { buffer($0, $1) }
    let outputs = program.outputTypes.map { Buffer(byteCount: $0.byteCount) }
    try compiled.run(inputs: declared + captured, outputs: outputs, profiler: nil)
    return zip(outputs, program.outputTypes).map { numbers(in: $0, $1) }
  }
}

extension Node {
  /// A leaf with f64 data.
  static func data(_ values: [Double], _ shape: Shape? = nil, dtype: DType = .f64) -> Node {
    let type = TensorType(dtype, shape ?? [values.count])
    return Node(type, buffer: ApusTestSupport.buffer(values, type))
  }

  /// The numbers this node stands for.
  func values() throws -> [Double] { try Evaluator([self], on: [])([])[0] }
}

/// The numbers of the gradient of a node's sum.
func slopes(of output: Node, for target: Node) throws -> [Double] {
  let ones = Node.data([Double](repeating: 1, count: output.shape.elementCount), output.shape)
  return try Gradients.compute(of: [output], seeds: [ones], for: [target])[0].values()
}
