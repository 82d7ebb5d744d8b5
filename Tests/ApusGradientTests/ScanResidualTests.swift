import ApusIR
import Testing

/// What the forward loop records for its gradient.
@Suite struct ScanResidualTests {
  /// h' = tanh(h · w + x) over 5 rounds; the gradient of the last h for w.
  private func gradient(
    body: ([Node]) throws -> Node
  ) throws -> Program {
    let types = [TensorType(.f64, [3, 3]), TensorType(.f64, [2, 3]), TensorType(.f64, [2, 3])]
    let inputs = types.map { Node.placeholder($0) }
    let round = try body(inputs)
    let program = Program.capturing(inputs: inputs, outputs: [round]).program
    let loop = Scan(body: program, length: 5, constants: 1, carries: 1)
    let operands = [types[0], types[1], TensorType(.f64, [5, 2, 3])].map { Node.placeholder($0) }
    let last = try Node(.output(0), [try Node(.scan(loop), operands)])
    let seed = try Node(.constant(.floating(1), last.type))
    let found = try Gradients.compute(of: [last], seeds: [seed], for: [operands[0]])
    return Program.capturing(inputs: operands, outputs: found).program.optimised()
  }

  /// No round of the backward loop computes the product of the forward one again, and the sum of
  /// the weights' gradients is one product after the loop.
  @Test func productsAreRecorded() throws {
    let program = try gradient { inputs in
      let product = try Node(.matmul(transposeA: false, transposeB: false), [inputs[1], inputs[0]])
      return try Node(.unary(.tanh), [try Node(.binary(.add), [product, inputs[2]])])
    }
    #expect(products(program) == [1, 1, 1], "\(program)")
  }

  /// The numbers of products: in the forward loop, in the backward loop, outside.
  private func products(_ program: Program) -> [Int] {
    func count(_ program: Program) -> Int {
      program.instructions.count { $0.primitive.name == "matmul" }
    }
    return program.instructions.compactMap(\.primitive.body).map(count) + [count(program)]
  }

  /// What the product is only added to is recorded in its place: the backward loop reads neither
  /// the product nor the other term.
  @Test func theCutLiesBehindCheapWork() throws {
    let program = try gradient { inputs in
      let product = try Node(.matmul(transposeA: false, transposeB: false), [inputs[1], inputs[0]])
      let sum = try Node(.binary(.add), [product, inputs[2]])
      let sine = try Node(.unary(.sin), [sum])
      return try Node(.binary(.multiply), [sine, try Node(.unary(.exp), [sum])])
    }
    guard case .scan(let backward) = program.instructions.last(where: { $0.primitive.body != nil })?.primitive
    else {
      Issue.record("no loop: \(program)")
      return
    }
    // The gradient that is carried, and one sequence: the recorded sum.
    #expect(backward.body.inputCount == backward.constants + backward.carries + 1, "\(program)")
  }
}
