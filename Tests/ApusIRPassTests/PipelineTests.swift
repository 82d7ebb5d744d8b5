import ApusIR
import ApusTestSupport
import Testing

@Suite struct PipelineTests {
  /// A training step of a small perceptron: what is left is what a person would write.
  @Test func aTrainingStepShrinks() throws {
    let device = Device.reference
    func input(_ shape: Shape) -> Node { .placeholder(TensorType(.f32, shape), device: device) }
    func constant(_ value: Double, _ shape: Shape) throws -> Node {
      try Node(.constant(.floating(value), TensorType(.f32, shape)), device: device)
    }
    let (x, target) = (input([8, 4]), input([8, 2]))
    let (w1, b1, w2, b2) = (input([6, 4]), input([6]), input([2, 6]), input([2]))
    func linear(_ x: Node, _ w: Node, _ b: Node) throws -> Node {
      let product = try Node(.matmul(transposeA: false, transposeB: true), [x, w])
      return try Node(.binary(.add), [product, Node(.broadcast(product.shape), [b])])
    }
    let hidden = try linear(x, w1, b1)
    let active = try Node(.binary(.maximum), [hidden, constant(0, hidden.shape)])
    let error = try Node(.binary(.subtract), [linear(active, w2, b2), target])
    let square = try Node(.binary(.power), [error, constant(2, error.shape)])
    let sum = try Node(.reduce(.sum, axes: [0, 1]), [square])
    let loss = try Node(.binary(.divide), [sum, constant(16, [])])
    let parameters = [w1, b1, w2, b2]
    let gradients = try Gradients.compute(of: [loss], seeds: [constant(1, [])], for: parameters)
    var updated: [Node] = []
    for (parameter, gradient) in zip(parameters, gradients) {
      let rate = try constant(0.125, parameter.shape)
      let change = try Node(.binary(.multiply), [gradient, rate])
      updated.append(try Node(.binary(.subtract), [parameter, change]))
    }
    let program = Program.capturing(inputs: [x, target] + parameters, outputs: [loss] + updated)
      .program
    let optimised = program.optimised()
    try optimised.validate()
    #expect(program.instructions.count == 51)
    #expect(optimised.instructions.count == 40)
    let names = optimised.instructions.map(\.primitive.name)
    #expect(!names.contains("power") && !names.contains("divide"))
    #expect(names.count { $0 == "matmul" } == 5)
  }

  /// Time grows with the number of instructions, not with its square.
  @Test func largeProgramsTakeTimeInProportion() throws {
    func seconds(_ size: Int) -> Double {
      let program = chain(size)
      let time = ContinuousClock().measure { _ = program.optimised() }
      return time / .seconds(1)
    }
    let small = seconds(2_500)
    let large = seconds(20_000)
    #expect(large < 4 * 8 * small + 0.1, "2,500: \(small) s, 20,000: \(large) s")
  }

  private func chain(_ size: Int) -> Program {
    let type = TensorType(.f32, [16, 16])
    var program = Program(inputs: [type, type])
    var (a, b) = (0, 1)
    let ops: [Primitive] = [
      .binary(.multiply), .binary(.add), .unary(.tanh), .transpose([1, 0]), .unary(.negate),
      .matmul(transposeA: false, transposeB: false), .reshape([256]), .reshape([16, 16]),
    ]
    while program.instructions.count < size {
      for primitive in ops {
        var operands = [a]
        switch primitive {
        case .binary, .matmul: operands = [a, b]
        default: break
        }
        b = operands.count == 2 ? a : b
        a = try! program.append(primitive, operands, module: "layer")
      }
    }
    program.outputs = [a]
    return program
  }
}
