import ApusIR

extension GradientCases {
  static let control: [GradientCase] = scans + calls

  /// carry' = tanh(carry · constant + slice), result = carry' · slice + counter; the counter is an
  /// integer carry.
  private static let recurrence: Program = {
    let vector = TensorType(.f64, [3])
    var body = Program(inputs: [vector, vector, TensorType(.i32, []), vector])
    func add(_ primitive: Primitive, _ operands: Int...) -> Int {
      try! body.append(primitive, operands)
    }
    let scaled = add(.binary(.multiply), 0, 1)
    let carry = add(.unary(.tanh), add(.binary(.add), scaled, 3))
    let one = add(.constant(.integer(1), TensorType(.i32, [])))
    let counter = add(.binary(.add), 2, one)
    let count = add(.broadcast([3]), add(.cast(.f64), counter))
    let result = add(.binary(.add), add(.binary(.multiply), carry, 3), add(.binary(.multiply), carry, count))
    body.outputs = [carry, counter, result, counter, carry]
    return body
  }()

  private static func scan(length: Int, reverse: Bool) -> GradientCase {
    GradientCase(
      .scan(Scan(body: recurrence, length: length, constants: 1, carries: 2, reverse: reverse)),
      [Operand([3]), Operand([3]), .indices([], [0], dtype: .i32), Operand([length, 3])])
  }

  private static let scans: [GradientCase] = [
    scan(length: 4, reverse: false), scan(length: 4, reverse: true), scan(length: 1, reverse: false),
    scan(length: 0, reverse: false),
    oneResult("the last carry only", 0), oneResult("one result only", 2),
    // Two carries that change places, a sequence that nothing uses, a constant that is returned.
    GradientCase(
      .scan(Scan(body: swap, length: 3, constants: 1, carries: 2)),
      [Operand([2]), Operand([2]), Operand([2]), Operand([3, 2]), Operand([3, 2])]),
    // No carry: a map. No sequence: an iteration.
    GradientCase(
      .scan(Scan(body: product(outputs: 1), length: 4, constants: 1, carries: 0)),
      [Operand([2]), Operand([4, 2])]),
    GradientCase(
      .scan(Scan(body: product(outputs: 1), length: 4, constants: 1, carries: 1)),
      [Operand([2]), Operand([2])]),
    nested,
  ]

  /// A scan of which only one result is used.
  private static func oneResult(_ label: String, _ index: Int) -> GradientCase {
    let whole = scan(length: 5, reverse: false)
    return GradientCase("scan", label, whole.operands) { (inputs) throws(TensorError) in
      [try whole.function(inputs)[index]]
    }
  }

  private static let swap: Program = {
    var body = Program(inputs: [TensorType](repeating: TensorType(.f64, [2]), count: 5))
    let sum = try! body.append(.binary(.add), [1, 3])
    body.outputs = [2, sum, 0, 1]
    return body
  }()

  private static func product(outputs: Int) -> Program {
    var body = Program(inputs: [TensorType(.f64, [2]), TensorType(.f64, [2])])
    let result = try! body.append(.binary(.multiply), [0, 1])
    body.outputs = [Int](repeating: result, count: outputs)
    return body
  }

  /// A loop in a loop.
  private static let nested: GradientCase = {
    let inner = Scan(body: product(outputs: 2), length: 2, constants: 0, carries: 1)
    let row = TensorType(.f64, [2])
    var body = Program(inputs: [row, TensorType(.f64, [2, 2])])
    let results = body.append(.scan(inner), [0, 1], types: [row, TensorType(.f64, [2, 2])])
    let sine = try! body.append(.unary(.sin), [results.lowerBound])
    body.outputs = [sine, results.lowerBound + 1]
    let outer = Scan(body: body, length: 3, constants: 0, carries: 1)
    return GradientCase(.scan(outer), [Operand([2]), Operand([3, 2, 2])])
  }()

  private static let calls: [GradientCase] = {
    var body = Program(inputs: [TensorType(.f64, [2, 3]), TensorType(.i32, []), TensorType(.f64, [3])])
    let sine = try! body.append(.unary(.sin), [0])
    let spread = try! body.append(.broadcast([2, 3]), [2])
    let product = try! body.append(.binary(.multiply), [sine, spread])
    let total = try! body.append(.reduce(.sum, axes: [0]), [product])
    body.outputs = [product, 1, total]
    let call = Call(name: "call", body: body, rule: .checkpoint)
    let operands = [Operand([2, 3]), Operand.indices([], [3], dtype: .i32), Operand([3])]
    return [
      GradientCase(.call(call), operands),
      GradientCase("call", "one result of three", operands) { (x) throws(TensorError) in
        [try Node(.output(2), [Node(.call(call), x)])]
      },
    ]
  }()
}
