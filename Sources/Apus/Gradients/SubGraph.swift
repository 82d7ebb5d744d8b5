import ApusIR

/// What a function on tensors builds, cut out of the graph around it.
struct SubGraph {
  var program: Program
  /// The tensors from outside that the function uses, bound to the inputs before the declared ones.
  var captured: [Node]

  /// Runs `body` and cuts out what it built between `inputs` and its results.
  ///
  /// Tensors made before `body` ran are taken as they are, not computed again inside. Constants are
  /// copied.
  init(inputs: [Node], _ body: () throws -> [Tensor]) rethrows {
    let mark = Node.constant(.bool(false), TensorType(.bool, []), device: .current).id
    let outputs = try Tracing.$isActive.withValue(true) { try body() }.map(\.node)
    let frontier = SubGraph.frontier(of: outputs, before: mark, declared: Set(inputs))
    let first = Program.capturing(inputs: frontier + inputs, outputs: outputs)
    captured = frontier + first.captured
    program =
      first.captured.isEmpty
      ? first.program
      : Program.capturing(inputs: captured + inputs, outputs: outputs).program
  }

  /// The nodes older than `mark` at which the walk back from `outputs` ends.
  static func frontier(
    of outputs: [Node], before mark: UInt64, declared: Set<Node>
  ) -> [Node] {
    var found: [Node] = []
    var visited = declared
    var stack = Array(outputs.reversed())
    while let node = stack.popLast() {
      guard visited.insert(node).inserted else { continue }
      if node.id >= mark {
        stack.append(contentsOf: node.inputs.reversed())
      } else if node.constant == nil {
        found.append(node)
      }
    }
    return found
  }
}

extension Tensor {
  /// All results of an operation with several.
  static func results(
    _ primitive: Primitive, _ operands: [Node], device: Device
  ) throws(TensorError) -> [Tensor] {
    let node = try Node(primitive, operands, device: device)
    var results: [Tensor] = []
    for index in node.types.indices {
      results.append(Tensor(node.types.count == 1 ? node : try Node(.output(index), [node])))
    }
    return results
  }
}
