/// The gradient of a loop is a loop in the other direction.
///
/// The forward loop is run with one more result, the carries that enter each round (a rewrite pass
/// merges it with the original). The backward body computes the forward body again from these and
/// passes the gradients on; gradients of constants add up in carries of their own.
func scanGradient(_ scan: Scan) -> Rule {
  { (node, gradients) throws(TensorError) in
    let layout = ScanLayout(scan, node)
    let entering = try layout.enteringCarries()
    let backward = try layout.backwardBody(hasGradient: gradients.map { $0 != nil })
    var operands = layout.constants
    for gradient in layout.floatingCarries {
      let index = gradient - scan.constants
      operands.append(try Node.orZeros(gradients[index], like: node.inputs[gradient]))
    }
    for constant in layout.floatingConstants {
      operands.append(try Node.zeros(node.inputs[constant].type, device: node.device))
    }
    operands += entering + layout.sequences
    for (index, gradient) in gradients.enumerated() where index >= scan.carries {
      if let gradient { operands.append(gradient) }
    }
    let carried = layout.floatingCarries.count + layout.floatingConstants.count
    let loop = Scan(
      body: backward, length: scan.length, constants: scan.constants, carries: carried,
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

  /// For each carry its values at the start of the rounds, stacked.
  func enteringCarries() throws(TensorError) -> [Node] {
    var body = scan.body
    let first = body.outputs.count
    body.outputs += scan.constants..<firstSequence
    var recording = scan
    recording.body = body
    let loop = try Node(.scan(recording), node.inputs)
    var stacked: [Node] = []
    for index in 0..<scan.carries { stacked.append(try Node(.output(first + index), [loop])) }
    return stacked
  }

  /// Inputs: constants; gradients of the floating carries, sums for the floating constants;
  /// entering carries, slices, gradients of the per-round results that have one.
  /// Outputs: the new carries, then the gradients of the floating slices.
  func backwardBody(hasGradient: [Bool]) throws(TensorError) -> Program {
    func placeholder(_ type: TensorType) -> Node { .placeholder(type, device: node.device) }
    let types = scan.body.inputTypes
    let inputs = types.map(placeholder)
    let carryGradients = floatingCarries.map { placeholder(types[$0]) }
    let sums = floatingConstants.map { placeholder(types[$0]) }
    let results = try scan.body.instantiate(on: inputs)

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
    let entering = inputs[scan.constants..<firstSequence]
    let declared =
      inputs[..<scan.constants] + carryGradients + sums + entering + inputs[firstSequence...]
      + resultGradients
    return Program.capturing(inputs: Array(declared), outputs: found).program
  }
}
