// Between nodes and programs.

extension Program {
  /// A program and the leaves, beyond the declared inputs, that it needs as further inputs.
  public struct Capture: Sendable {
    public var program: Program
    /// Leaves bound to the inputs after the declared ones, in order of first use.
    public var captured: [Node]
  }

  /// The program that computes `outputs` from `inputs`.
  ///
  /// Every other leaf, and every node whose value is already known, becomes a further input.
  /// - Parameter inputs: nodes to take as inputs even where they are computed from others.
  public static func capturing(inputs: [Node], outputs: [Node]) -> Capture {
    let order = Node.topologicalOrder(of: outputs, stoppingAt: Set(inputs))
    var captured: [Node] = []
    let declared = Set(inputs)
    for node in order where node.isBoundary && !declared.contains(node) { captured.append(node) }

    var program = Program(inputs: (inputs + captured).map(\.type))
    var values: [Node: Value] = [:]
    values.reserveCapacity(order.count)
    for (index, node) in (inputs + captured).enumerated() where values[node] == nil {
      values[node] = index
    }
    for node in order where values[node] == nil {
      if case .output(let index) = node.primitive {
        values[node] = values[node.inputs[0]]! + index
      } else {
        let operands = node.inputs.map { values[$0]! }
        values[node] = program.append(
          node.primitive, operands, types: node.types, module: node.module).lowerBound
      }
    }
    program.outputs = outputs.map { values[$0]! }
    return Capture(program: program, captured: captured)
  }

  /// Nodes for this program's outputs, on the given nodes in place of its inputs. Each keeps the
  /// module of its instruction.
  public func instantiate(on inputs: [Node]) throws(TensorError) -> [Node] {
    let nodes = try instantiateValues(on: inputs)
    return outputs.map { nodes[$0] }
  }

  /// The same for all of the program's values, in their order.
  func instantiateValues(on inputs: [Node]) throws(TensorError) -> [Node] {
    precondition(inputs.count == inputCount, "one node for each input")
    var nodes = inputs
    nodes.reserveCapacity(types.count)
    for instruction in instructions {
      let operands = instruction.operands.map { nodes[$0] }
      let device = operands.isEmpty ? inputs.first?.device : nil
      let node = try ModulePath.running(instruction.module) { () throws(TensorError) -> Node in
        try Node(instruction.primitive, operands, device: device)
      }
      if instruction.results.count == 1 && node.types.count == 1 {
        nodes.append(node)
      } else {
        for index in 0..<instruction.results.count {
          nodes.append(try Node(.output(index), [node]))
        }
      }
    }
    return nodes
  }
}

extension Node {
  /// Whether a program takes this node's value as an input: a leaf, or already computed.
  var isBoundary: Bool { isLeaf || (constant == nil && buffer != nil) }

  /// All nodes that `outputs` depend on, operands before users; leaves, known values and the nodes
  /// of `boundary` included, what lies behind them not.
  static func topologicalOrder(of outputs: [Node], stoppingAt boundary: Set<Node>) -> [Node] {
    var order: [Node] = []
    var visited: Set<Node> = []
    var stack: [(node: Node, next: Int)] = []
    for output in outputs where visited.insert(output).inserted {
      stack.append((output, 0))
      while let (node, next) = stack.last {
        let isEnd = boundary.contains(node) || node.isBoundary
        if !isEnd, next < node.inputs.count {
          stack[stack.count - 1].next += 1
          let input = node.inputs[next]
          if visited.insert(input).inserted { stack.append((input, 0)) }
        } else {
          order.append(node)
          stack.removeLast()
        }
      }
    }
    return order
  }
}
