/// Reverse-mode differentiation as a transformation of graphs: the gradients are ordinary nodes.
public enum Gradients {
  /// The gradients of `outputs`, weighted by `seeds`, with respect to `targets`.
  ///
  /// - Parameters:
  ///   - outputs: floating-point nodes.
  ///   - seeds: for each output a node of its type, the gradient of some scalar with respect to it.
  ///   - targets: floating-point nodes, anywhere in the graph.
  /// - Returns: for each target a node of its type; zeros where no output depends on it.
  /// - Throws: `TensorError` naming the operation and its module path where a gradient is needed
  ///   that does not exist.
  public static func compute(
    of outputs: [Node], seeds: [Node], for targets: [Node]
  ) throws(TensorError) -> [Node] {
    precondition(outputs.count == seeds.count, "one seed for each output")
    for node in outputs + targets where !node.dtype.isFloating {
      throw TensorError(
        .gradient, operation: node.primitive.name,
        "only floating-point tensors have gradients, this one is \(node.type)",
        hint: "convert it with .to(.f32) before it is used.", module: node.module)
    }
    var gradients = Accumulator()
    for (output, seed) in zip(outputs, seeds) {
      guard seed.type == output.type else {
        throw TensorError(
          .shape, operation: "gradients",
          "the seed \(seed.type) does not match the output \(output.type)")
      }
      gradients.add(seed, to: output)
    }
    let wanted = Set(targets)
    for node in users(of: wanted, behind: outputs) {
      guard let received = gradients.received(by: node, keep: wanted.contains(node)) else { continue }
      try propagate(received, through: node, into: &gradients)
    }
    var results: [Node] = []
    for target in targets {
      let terms = gradients.received(by: target, keep: true)?.first
      results.append(try Node.orZeros(terms?.sum(), like: target))
    }
    return results
  }

  /// Passes the gradients of a node's results on to its operands.
  private static func propagate(
    _ received: [Accumulator.Terms], through node: Node, into gradients: inout Accumulator
  ) throws(TensorError) {
    var sums: [Node?] = []
    for terms in received { sums.append(try terms.sum()) }
    if case .output = node.primitive {
      if let gradient = sums[0] { gradients.add(gradient, to: node.inputs[0], of: node) }
      return
    }
    switch node.primitive.gradient {
    case .zero:
      return
    case .none(let reason):
      throw TensorError(
        .gradient, operation: node.primitive.name, "has no gradient: \(reason)",
        hint: "use stopGradient where none is meant to flow.", module: node.module)
    case .rule(let rule):
      let passedOn = try ModulePath.running(node.module) { () throws(TensorError) -> [Node?] in
        try rule(node, sums)
      }
      for (operand, gradient) in zip(node.inputs, passedOn) {
        guard let gradient, operand.dtype.isFloating else { continue }
        guard gradient.type == operand.type else {
          throw TensorError(
            .gradient, operation: node.primitive.name,
            "its gradient rule gives \(gradient.type) for an operand \(operand.type)",
            module: node.module)
        }
        gradients.add(gradient, to: operand)
      }
    }
  }

  /// The nodes that pass a gradient on: those on a path from `outputs` back to a target, without
  /// the target where it ends. Users before operands.
  private static func users(of targets: Set<Node>, behind outputs: [Node]) -> [Node] {
    var passing: Set<Node> = []
    var visited: Set<Node> = []
    var stack: [(node: Node, next: Int)] = []
    for output in outputs where visited.insert(output).inserted {
      stack.append((output, 0))
      while let (node, next) = stack.last {
        if next < node.inputs.count {
          stack[stack.count - 1].next += 1
          let input = node.inputs[next]
          if visited.insert(input).inserted { stack.append((input, 0)) }
        } else {
          if node.inputs.contains(where: { targets.contains($0) || passing.contains($0) }) {
            passing.insert(node)
          }
          stack.removeLast()
        }
      }
    }
    return passing.sorted { $0.id > $1.id }
  }
}

/// The gradients that reached each result of each node so far, not yet added up.
private struct Accumulator {
  /// The contributions to one result, in order of arrival.
  struct Terms {
    var nodes: [Node] = []

    func sum() throws(TensorError) -> Node? {
      guard var total = nodes.first else { return nil }
      for node in nodes.dropFirst() { total = try total + node }
      return total
    }
  }

  private var terms: [Node: [Terms]] = [:]

  mutating func add(_ gradient: Node, to node: Node) { add(gradient, to: node, result: 0) }

  /// Adds to the result of `producer` that the `output` node stands for.
  mutating func add(_ gradient: Node, to producer: Node, of output: Node) {
    guard case .output(let index) = output.primitive else { return }
    add(gradient, to: producer, result: index)
  }

  private mutating func add(_ gradient: Node, to node: Node, result: Int) {
    terms[node, default: Array(repeating: Terms(), count: node.types.count)][result]
      .nodes.append(gradient)
  }

  /// What reached a node; forgotten unless it is to be kept.
  mutating func received(by node: Node, keep: Bool) -> [Terms]? {
    keep ? terms[node] : terms.removeValue(forKey: node)
  }
}
