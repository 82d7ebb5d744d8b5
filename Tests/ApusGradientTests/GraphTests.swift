import ApusIR
import ApusTestSupport
import Testing

/// Protects the walk over the graph: which nodes it reaches, what it refuses, and that its cost
/// grows with the graph and not faster.
@Suite struct GraphTests {
  private let x = Node.data([1, 2, 3])

  private func square(_ node: Node) throws -> Node { try Node(.binary(.multiply), [node, node]) }

  @Test func computedNodesKeepTheirHistory() throws {
    let y = try square(x)
    y.fulfill(buffer([1, 4, 9], y.type))
    let z = try square(y)
    z.fulfill(buffer([1, 16, 81], z.type))
    #expect(try slopes(of: z, for: x) == [4, 32, 108])
    #expect(try slopes(of: z, for: y) == [2, 8, 18])
  }

  /// A target inside the graph receives its gradient and passes it on as well.
  @Test func innerNodesAreTargets() throws {
    let y = try square(x)
    let z = try Node(.binary(.add), [square(y), y])
    let ones = Node.data([1, 1, 1])
    let found = try Gradients.compute(of: [z], seeds: [ones], for: [y, x, z, y])
    #expect(try found.map { try $0.values() } == [
      [3, 9, 19], [6, 36, 114], [1, 1, 1], [3, 9, 19],
    ])
  }

  @Test func severalOutputsAddUp() throws {
    let y = try square(x)
    let seeds = [Node.data([1, 0, 2]), Node.data([1, 1, 1]), Node.data([0, 5, 0])]
    let found = try Gradients.compute(of: [y, x, y], seeds: seeds, for: [x])
    #expect(try found[0].values() == [3, 21, 13])
  }

  @Test func unconnectedTargetsGetZeros() throws {
    let other = Node.data([7], [1], dtype: .f32)
    let behind = try square(square(x))
    let found = try Gradients.compute(of: [x], seeds: [x], for: [other, behind])
    #expect(found.map(\.type) == [other.type, behind.type])
    #expect(try found.map { try $0.values() } == [[0], [0, 0, 0]])
  }

  @Test func integersAreRefused() throws {
    let indices = ModulePath.with("embedding") { Node.data([0, 1], dtype: .i64) }
    let error = #expect(throws: TensorError.self) {
      try Gradients.compute(of: [x], seeds: [x], for: [indices])
    }
    #expect(
      error?.message == "only floating-point tensors have gradients, this one is i64[2]")
    #expect(throws: TensorError.self) {
      try Gradients.compute(of: [indices], seeds: [indices], for: [x])
    }
  }

  @Test func seedsMustFit() throws {
    let error = #expect(throws: TensorError.self) {
      try Gradients.compute(of: [x], seeds: [Node.data([1])], for: [x])
    }
    #expect(
      error?.description == "gradients: the seed f64[1] does not match the output f64[3].")
  }

  @Test func missingGradientsNameTheOperationAndItsModule() throws {
    let host = HostOperation(
      name: "eigenvalues", infer: { $0 }, gradient: .none("equal eigenvalues have none"),
      evaluate: { _, _, _, _ in })
    let y = try ModulePath.with("encoder.layers.0") { try Node(.host(host), [x]) }
    let z = try square(y)
    let error = #expect(throws: TensorError.self) { try slopes(of: z, for: x) }
    #expect(
      error?.description
        == "encoder.layers.0: eigenvalues: has no gradient: equal eigenvalues have none. Hint: use "
        + "stopGradient where none is meant to flow.")
    // Where the gradient is not needed, nothing is missing.
    #expect(try Gradients.compute(of: [z], seeds: [x], for: [y])[0].type == y.type)
    let stopped = try square(Node(.stopGradient, [y]))
    let sum = try Node(.binary(.add), [stopped, x])
    #expect(try slopes(of: sum, for: x) == [1, 1, 1])
  }

  /// The same inside the body of a loop and of a checkpoint.
  @Test func missingGradientsInBodiesNameTheirModule() throws {
    let host = HostOperation(
      name: "lookUp", infer: { $0 }, gradient: .none("it reads a table"),
      evaluate: { _, _, _, _ in })
    var body = Program(inputs: [x.type])
    body.append(.host(host), [0], types: [x.type], module: "decoder.table")
    body.outputs = [1]
    let message =
      "decoder.table: lookUp: has no gradient: it reads a table. Hint: use stopGradient where none "
      + "is meant to flow."
    let call = Call(name: "checkpoint", body: body, rule: .checkpoint)
    let scan = Scan(body: body, length: 2, constants: 0, carries: 1)
    for primitive in [Primitive.call(call), .scan(scan)] {
      let y = try ModulePath.with("decoder") { try Node(primitive, [x]) }
      let error = #expect(throws: TensorError.self) { try slopes(of: y, for: x) }
      #expect(error?.description == message)
    }
  }

  @Test func stopGradientStops() throws {
    let stopped = try Node(.stopGradient, [x])
    #expect(try slopes(of: Node(.binary(.multiply), [x, stopped]), for: x) == [1, 2, 3])
    #expect(try slopes(of: stopped, for: x) == [0, 0, 0])
  }

  @Test func customGradientsAreAskedFor() throws {
    var body = Program(inputs: [x.type])
    body.outputs = [try body.append(.unary(.sin), [0])]
    let call = Call(
      name: "mySine", body: body,
      rule: .custom(
        .rule { (node, gradients) throws(TensorError) in
          // Ten times the gradient, and the operand is at hand.
          let ten = try Node(.constant(.floating(10), node.inputs[0].type))
          let scaled = try Node(.binary(.multiply), [gradients[0]!, ten])
          return [try Node(.binary(.multiply), [scaled, node.inputs[0]])]
        }))
    let y = try Node(.output(0), [Node(.call(call), [x])])
    #expect(try slopes(of: y, for: x) == [10, 20, 30])

    let refusing = Call(name: "mySine", body: body, rule: .custom(.none("nobody knows")))
    let refused = try Node(.output(0), [Node(.call(refusing), [x])])
    let error = #expect(throws: TensorError.self) { try slopes(of: refused, for: x) }
    #expect(error?.message == "has no gradient: nobody knows")
  }

  @Test func rulesThatGiveAnotherTypeAreCaught() throws {
    var body = Program(inputs: [x.type])
    body.outputs = [try body.append(.unary(.sin), [0])]
    let call = Call(
      name: "broken", body: body,
      rule: .custom(.rule { (_, _) throws(TensorError) in [Node.data([1, 1])] }))
    let y = try Node(.output(0), [Node(.call(call), [x])])
    let error = #expect(throws: TensorError.self) { try slopes(of: y, for: x) }
    #expect(
      error?.description
        == "broken: its gradient rule gives f64[2] for an operand f64[3].")
  }

  /// A hundred thousand nodes: no recursion, and no step that looks at the whole graph.
  @Test func longChainsTakeLinearTime() throws {
    func seconds(_ length: Int) throws -> Double {
      let clock = ContinuousClock()
      var node = x
      for _ in 0..<length { node = try Node(.unary(.sin), [node]) }
      var found: [Node] = []
      let time = try clock.measure {
        found = try Gradients.compute(of: [node], seeds: [x], for: [x])
      }
      let program = Program.capturing(inputs: [x], outputs: found).program
      #expect(program.instructions.count == 3 * length - 1)
      return time / .seconds(1)
    }
    _ = try seconds(1_000)
    let short = try seconds(20_000)
    let long = try seconds(100_000)
    // Five times the nodes: five times the time, were it not for caches and other programs.
    #expect(long < 20 * short, "\(short) s for 20,000 nodes, \(long) s for 100,000")
  }

  /// Each node doubles the number of paths; a walk over paths would never end.
  @Test func sharedNodesAreVisitedOnce() throws {
    var node = Node.data([1], [1])
    let start = node
    for _ in 0..<60 { node = try Node(.binary(.add), [node, node]) }
    #expect(try slopes(of: node, for: start) == [1_152_921_504_606_846_976])
  }
}
