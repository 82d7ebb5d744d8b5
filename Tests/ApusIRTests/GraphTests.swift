import ApusIR
import Testing

@Suite struct GraphTests {
  private let vector = TensorType(.f32, [4])

  /// Long training runs build long chains: neither releasing nor walking one may use the stack.
  /// (Seconds without optimisation, since only a chain this long would overflow a stack for sure.)
  @Test func deepGraphsNeedNoStack() throws {
    weak var first: Node?
    do {
      let leaf = Node.placeholder(vector)
      first = leaf
      var node = leaf
      for _ in 0..<1_000_000 { node = try Node(.unary(.negate), [node]) }
      let capture = Program.capturing(inputs: [leaf], outputs: [node])
      #expect(capture.program.instructions.count == 1_000_000)
    }
    #expect(first == nil)
  }

  /// Nodes that are used twice are released once, and not before their last user.
  @Test func sharedNodesLiveAsLongAsTheirUsers() throws {
    weak var first: Node?
    var kept: Node?
    do {
      let leaf = Node.placeholder(vector)
      first = leaf
      var node = leaf
      for step in 0..<1_000 {
        node = try Node(.binary(.add), [node, node])
        if step == 500 { kept = node }
      }
    }
    #expect(first != nil)
    #expect(kept?.inputs.count == 2)
    kept = nil
    #expect(first == nil)
  }

  @Test func capturingThenInstantiatingGivesTheSameProgram() throws {
    let a = Node.placeholder(vector)
    let b = Node.placeholder(vector)
    let product = try Node(.binary(.multiply), [a, b])
    let sum = try Node(.binary(.add), [product, product])
    let unused = try Node(.unary(.negate), [sum])
    _ = unused
    let captured = Program.capturing(inputs: [a, b], outputs: [sum, product, a])
    #expect(captured.captured.isEmpty)
    #expect(captured.program.instructions.map(\.primitive) == [.binary(.multiply), .binary(.add)])

    let (c, d) = (Node.placeholder(vector), Node.placeholder(vector))
    let copies = try captured.program.instantiate(on: [c, d])
    let again = Program.capturing(inputs: [c, d], outputs: copies)
    #expect(again.program == captured.program)
    #expect(again.program.hashValue == captured.program.hashValue)
    #expect(copies[2] === c)
  }

  @Test func otherLeavesBecomeInputsInOrderOfUse() throws {
    let a = Node.placeholder(vector)
    let weight = Node(vector, buffer: Buffer(byteCount: vector.byteCount))
    let bias = Node(vector, buffer: Buffer(byteCount: vector.byteCount))
    let result = try Node(.binary(.add), [Node(.binary(.multiply), [a, weight]), bias])
    let capture = Program.capturing(inputs: [a], outputs: [result])
    #expect(capture.captured == [weight, bias])
    #expect(capture.program.inputCount == 3)
  }

  /// What has been computed once is not computed again; a constant stays part of the structure.
  @Test func knownValuesBecomeInputs() throws {
    let a = Node.placeholder(vector)
    let known = try Node(.unary(.exp), [a])
    known.fulfill(Buffer(byteCount: vector.byteCount))
    let one = try Node(.constant(.floating(1), vector))
    one.fulfill(Buffer(byteCount: vector.byteCount))
    let capture = Program.capturing(inputs: [], outputs: [try Node(.binary(.add), [known, one])])
    #expect(capture.captured == [known])
    #expect(capture.program.instructions.count == 2)
  }

  @Test func aComputedNodeCanBeAnInput() throws {
    let a = Node.placeholder(vector)
    let middle = try Node(.unary(.exp), [a])
    let end = try Node(.unary(.negate), [middle])
    let capture = Program.capturing(inputs: [middle], outputs: [end])
    #expect(capture.captured.isEmpty)
    #expect(capture.program.instructions.map(\.primitive) == [.unary(.negate)])
  }

  @Test func operationsWithSeveralResultsRoundTrip() throws {
    let scalar = TensorType(.f32, [])
    var body = Program(inputs: [scalar, scalar])
    body.outputs = [try body.append(.binary(.add), [0, 1]), 0]
    let scan = Scan(body: body, length: 4, constants: 0, carries: 1)
    let (start, steps) = (Node.placeholder(scalar), Node.placeholder(vector))
    let loop = try Node(.scan(scan), [start, steps])
    #expect(loop.types == [scalar, vector])
    let last = try Node(.output(0), [loop])
    let history = try Node(.output(1), [loop])
    #expect(history.type == vector)

    let program = Program.capturing(inputs: [start, steps], outputs: [history, last]).program
    #expect(program.instructions.count == 1)
    let copies = try program.instantiate(on: [start, steps])
    #expect(Program.capturing(inputs: [start, steps], outputs: copies).program == program)
  }

  @Test func structureDecidesEquality() throws {
    func program(_ op: Binary, module: String?) throws -> Program {
      var program = Program(inputs: [vector, vector])
      program.outputs = [try program.append(.binary(op), [0, 1], module: module)]
      return program
    }
    #expect(try program(.add, module: "a") == program(.add, module: "b"))
    #expect(try program(.add, module: nil) != program(.subtract, module: nil))
  }

  @Test func onlyTheFirstValueStays() throws {
    let node = try Node(.unary(.exp), [Node.placeholder(vector)])
    let (first, second) = (Buffer(byteCount: 16), Buffer(byteCount: 16))
    node.fulfill(first)
    node.fulfill(second)
    #expect(node.buffer === first)
  }
}
