let barrierGradient: Rule = { (node, gradients) throws(TensorError) in
  [gradients[0]] + node.inputs.dropFirst().map { _ in nil }
}

func callGradient(_ call: Call) -> GradientRule {
  switch call.rule {
  case .custom(let rule): rule
  case .checkpoint: .rule(checkpointGradient(call))
  }
}

/// Computes the body again, from inputs that pass a barrier after the gradients: so neither can the
/// second computation be merged with the first, nor can it start early and hold memory.
private func checkpointGradient(_ call: Call) -> Rule {
  { (node, gradients) throws(TensorError) in
    let arrived = gradients.compactMap { $0 }
    var inputs: [Node] = []
    for input in node.inputs { inputs.append(try Node(.barrier, [input] + arrived)) }
    let again = try call.body.instantiate(on: inputs)
    var outputs: [Node] = []
    var seeds: [Node] = []
    for (output, gradient) in zip(again, gradients) {
      guard let gradient else { continue }
      outputs.append(output)
      seeds.append(gradient)
    }
    let targets = inputs.filter(\.dtype.isFloating)
    var results = try Gradients.compute(of: outputs, seeds: seeds, for: targets)[...]
    return inputs.map { $0.dtype.isFloating ? results.removeFirst() : nil }
  }
}
