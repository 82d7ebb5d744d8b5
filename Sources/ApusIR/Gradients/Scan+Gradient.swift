/// The gradient of a loop is a loop in the other direction.
///
/// The forward loop is run with more results: the carries that enter each round, and what a round
/// computes that is dear, such as products (a rewrite pass merges it with the original). The backward
/// body computes the rest of the forward body again from these and passes the gradients on;
/// gradients of constants add up in carries of their own.
func scanGradient(_ scan: Scan) -> Rule {
  { (node, gradients) throws(TensorError) in
    let layout = ScanLayout(scan, node)
    let backward = try layout.backwardBody(hasGradient: gradients.map { $0 != nil })
    let recorded = try layout.record(backward.residuals)
    var operands = layout.constants
    for gradient in layout.floatingCarries {
      let index = gradient - scan.constants
      operands.append(try Node.orZeros(gradients[index], like: node.inputs[gradient]))
    }
    for constant in layout.floatingConstants {
      operands.append(try Node.zeros(node.inputs[constant].type, device: node.device))
    }
    operands += recorded + layout.sequences
    for (index, gradient) in gradients.enumerated() where index >= scan.carries {
      if let gradient { operands.append(gradient) }
    }
    let carried = layout.floatingCarries.count + layout.floatingConstants.count
    let loop = Scan(
      body: backward.body, length: scan.length, constants: scan.constants, carries: carried,
      reverse: !scan.reverse)
    let result = try Node(.scan(loop), operands)

    var passedOn: [Node?] = node.inputs.map { _ in nil }
    let receivers = layout.floatingCarries + layout.floatingConstants + layout.floatingSequences
    for (index, receiver) in receivers.enumerated() {
      passedOn[receiver] = try Node(.output(index), [result])
    }
    return passedOn
  }
}

/// The operands of a scan by role.
private struct ScanLayout {
  let scan: Scan
  let node: Node

  init(_ scan: Scan, _ node: Node) {
    self.scan = scan
    self.node = node
  }

  private var firstSequence: Int { scan.constants + scan.carries }
  var constants: [Node] { Array(node.inputs[..<scan.constants]) }
  var sequences: [Node] { Array(node.inputs[firstSequence...]) }

  // Indices of the operands that have gradients.
  var floatingConstants: [Int] { floating(0..<scan.constants) }
  var floatingCarries: [Int] { floating(scan.constants..<firstSequence) }
  var floatingSequences: [Int] { floating(firstSequence..<node.inputs.count) }

  private func floating(_ range: Range<Int>) -> [Int] {
    range.filter { node.inputs[$0].dtype.isFloating }
  }

  /// The carries at the start of each round, then the given values of the body, stacked.
  func record(_ residuals: [Program.Value]) throws(TensorError) -> [Node] {
    var body = scan.body
    let first = body.outputs.count
    body.outputs += Array(scan.constants..<firstSequence) + residuals
    var recording = scan
    recording.body = body
    let loop = try Node(.scan(recording), node.inputs)
    var stacked: [Node] = []
    for index in first..<body.outputs.count { stacked.append(try Node(.output(index), [loop])) }
    return stacked
  }

  /// Values of the body that are better kept than computed again.
  private var dearValues: [Program.Value] {
    scan.body.instructions.flatMap { $0.primitive.isDear ? Array($0.results) : [] }
  }

  /// Inputs: constants; gradients of the floating carries, sums for the floating constants;
  /// entering carries, residuals (values of the forward body), slices, gradients of the per-round
  /// results that have one.
  /// Outputs: the new carries, then the gradients of the floating slices.
  func backwardBody(
    hasGradient: [Bool]
  ) throws(TensorError) -> (body: Program, residuals: [Program.Value]) {
    func placeholder(_ type: TensorType) -> Node { .placeholder(type, device: node.device) }
    let types = scan.body.inputTypes
    let inputs = types.map(placeholder)
    let carryGradients = floatingCarries.map { placeholder(types[$0]) }
    let sums = floatingConstants.map { placeholder(types[$0]) }
    let values = try scan.body.instantiateValues(on: inputs)
    let results = scan.body.outputs.map { values[$0] }

    var outputs: [Node] = []
    var seeds: [Node] = []
    for (carry, gradient) in zip(floatingCarries, carryGradients) {
      outputs.append(results[carry - scan.constants])
      seeds.append(gradient)
    }
    var resultGradients: [Node] = []
    for (index, result) in results.enumerated() where index >= scan.carries && hasGradient[index] {
      let gradient = placeholder(result.type)
      outputs.append(result)
      seeds.append(gradient)
      resultGradients.append(gradient)
    }
    let targets = floatingCarries + floatingConstants + floatingSequences
    var found = try Gradients.compute(of: outputs, seeds: seeds, for: targets.map { inputs[$0] })
    for (index, sum) in sums.enumerated() {
      let place = floatingCarries.count + index
      found[place] = try sum + found[place]
    }
    let carries = inputs[..<scan.constants] + carryGradients + sums
    let entering = inputs[scan.constants..<firstSequence]
    let slices = inputs[firstSequence...] + resultGradients
    /// The body that is given these values of the forward one.
    func body(given residuals: [Program.Value]) -> Program {
      let declared = carries + entering + residuals.map { values[$0] } + slices
      return Program.capturing(inputs: Array(declared), outputs: found).program
    }
    let residuals = residuals(values, for: found, given: carries + entering + slices)
    return (body(given: residuals), residuals)
  }

  /// The values of the forward body that the backward one is given: what is dear, or, where that
  /// serves only one elementwise operation, its result, if it is no larger.
  private func residuals(
    _ values: [Node], for outputs: [Node], given inputs: ArraySlice<Node>
  ) -> [Program.Value] {
    var places: [Node: Program.Value] = [:]
    for (value, node) in values.enumerated() where value >= scan.body.inputCount {
      places[node] = value
    }
    var chosen = dearValues
    while true {
      var users: [Node: [Node]] = [:]
      let boundary = Set(inputs + chosen.map { values[$0] })
      for node in Node.topologicalOrder(of: outputs, stoppingAt: boundary)
      where !boundary.contains(node) {
        for input in node.inputs { users[input, default: []].append(node) }
      }
      let needed = outputs.reduce(into: Set(users.keys)) { $0.insert($1) }
      chosen.removeAll { !needed.contains(values[$0]) }
      var changed = false
      for index in chosen.indices {
        let node = values[chosen[index]]
        guard let user = users[node]?.first, users[node]?.count == 1, !outputs.contains(node),
          user.primitive.isElementwise, user.type.byteCount <= node.type.byteCount,
          let place = places[user], !chosen.contains(place)
        else { continue }
        chosen[index] = place
        changed = true
      }
      if !changed { return chosen }
    }
  }
}

extension Primitive {
  /// Whether the result is better kept, or computed once before a loop, than computed again.
  var isDear: Bool {
    switch self {
    case .matmul, .convolution, .reduce, .argReduce, .cumulative, .windowReduce, .windowArgMax,
      .scatter, .argSort, .scan, .host:
      true
    default: false
    }
  }
}
