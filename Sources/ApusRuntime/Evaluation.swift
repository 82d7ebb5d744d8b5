import ApusIR

/// Computes nodes whose values are not known yet.
public enum Evaluation {
  /// Computes all `nodes` together; afterwards each has its buffer.
  ///
  /// - Throws: `TensorError` where a placeholder is not bound or an engine fails.
  public static func evaluate(_ nodes: [Node]) throws {
    var pending: [Node] = []
    var seen: Set<Node> = []
    for node in nodes where node.buffer == nil && seen.insert(node).inserted { pending.append(node) }
    let byDevice = Dictionary(grouping: pending, by: \.device)
    for (device, group) in byDevice { try evaluate(group, on: device) }
  }

  /// The value of a node, which the node does not keep.
  ///
  /// - Throws: as `evaluate`.
  public static func transientValue(of node: Node) throws -> Buffer {
    if let known = node.buffer { return known }
    if case .host(let operation) = node.primitive, node.inputs.isEmpty, node.types.count == 1 {
      let buffer = Buffer(byteCount: node.type.byteCount)
      try operation.evaluate([], [], [buffer.pointer], node.types)
      return buffer
    }
    return try results(of: [node], on: node.device)[0]
  }

  private static func evaluate(_ nodes: [Node], on device: Device) throws {
    for (node, buffer) in zip(nodes, try results(of: nodes, on: device)) { node.fulfill(buffer) }
  }

  private static func results(of nodes: [Node], on device: Device) throws -> [Buffer] {
    let capture = Program.capturing(inputs: [], outputs: nodes)
    let inputs = try capture.captured.map { leaf throws(TensorError) -> Buffer in
      guard let buffer = leaf.buffer else {
        throw TensorError(
          .value, operation: "eval", "the placeholder \(leaf.type) has no value",
          hint: "evaluate it through the compiled function it belongs to.", module: leaf.module)
      }
      return buffer
    }
    let executable = try ExecutableCache.shared.executable(for: capture.program, device: device)
    return try executable.run(inputs)
  }
}
