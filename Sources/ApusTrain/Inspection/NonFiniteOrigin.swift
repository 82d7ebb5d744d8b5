import Apus
import ApusIR

/// The operation that made the first number in a step that is not finite.
///
/// It goes up from the loss, or from the gradients where the loss is finite, as long as an operand has
/// a NaN (or, above an infinity, an infinity). An infinity that does no harm, such as that of a mask
/// before a softmax, is never on this way.
public struct NonFiniteOrigin: Sendable, CustomStringConvertible {
  /// The name of the primitive, or nil where a parameter or the batch was not finite already.
  public let operation: String?
  /// The path of the layer or of the parameter; nil outside of all layers, and for the batch.
  public let module: String?
  /// Whether it is a derivative.
  public let isBackward: Bool
  public let description: String

  /// What a tensor has that is not finite.
  private enum Fault: Int32 {
    case none, infinity, nan
  }

  /// - Returns: nil where all is finite.
  /// - Throws: what evaluation throws.
  public init?(in graph: StepGraph) throws {
    let outputs = [graph.loss] + graph.gradients.map(\.gradient)
    let nodes = NonFiniteOrigin.ancestors(of: outputs.map(\.node))
    let faults = try NonFiniteOrigin.faults(of: nodes)
    func fault(_ node: Node) -> Fault { faults[node] ?? .none }

    let bad = outputs.map(\.node).filter { fault($0) != .none }
    let lossNode = graph.loss.node
    // Gradients that were made first are the nearest to the loss.
    guard let end = bad.first(where: { $0 == lossNode }) ?? bad.min(by: { $0.id < $1.id }) else {
      return nil
    }
    var node = end
    while let next = node.inputs.first(where: { fault($0) == .nan }) { node = next }
    var infinite = node
    if fault(node) == .infinity || node.inputs.contains(where: { fault($0) == .infinity }) {
      while let next = infinite.inputs.first(where: { fault($0) == .infinity && $0.constant == nil }) {
        infinite = next
      }
    }
    var sentence = try NonFiniteOrigin.sentence(node, fault(node), lossNode)
    if infinite != node {
      if fault(node) == .nan {
        sentence += "; the infinity comes from "
          + (try NonFiniteOrigin.sentence(infinite, fault(infinite), lossNode))
      } else {
        sentence = try NonFiniteOrigin.sentence(infinite, fault(infinite), lossNode)
        node = infinite
      }
    }
    operation = node.isLeaf ? nil : NonFiniteOrigin.name(node)
    module = node.module
    isBackward = node.id > lossNode.id
    description = sentence
  }

  /// All nodes on the way to `outputs`, operands before users.
  private static func ancestors(of outputs: [Node]) -> [Node] {
    var seen = Set(outputs)
    var pending = outputs
    while let node = pending.popLast() {
      for input in node.inputs where seen.insert(input).inserted { pending.append(input) }
    }
    return seen.sorted { $0.id < $1.id }
  }

  /// What of each node is not finite. Values are computed in groups and not kept: memory stays near to
  /// that of a step.
  private static func faults(of nodes: [Node]) throws -> [Node: Fault] {
    let floating = nodes.filter { $0.types.count == 1 && $0.dtype.isFloating && $0.constant == nil }
    var faults: [Node: Fault] = [:]
    for start in stride(from: 0, to: floating.count, by: 128) {
      let group = floating[start..<min(start + 128, floating.count)]
      let codes = group.map { node -> Tensor in
        let value = Tensor(node)
        let infinity = isInfinite(value).any().to(.i32)
        return maximum(isNaN(value).any().to(.i32) * 2, infinity)
      }
      try eval(codes)
      for (node, code) in zip(group, codes) {
        faults[node] = Fault(rawValue: code.scalar(as: Int32.self)) ?? Fault.none
      }
    }
    for node in nodes {
      if let number = node.constant?.double, !number.isFinite {
        faults[node] = number.isNaN ? .nan : .infinity
      }
    }
    return faults
  }

  private static func name(_ node: Node) -> String {
    if case .output = node.primitive { return node.inputs[0].primitive.name }
    return node.primitive.name
  }

  /// `log in encoder.layers.2 made NaN from f32[8, 4] of -1.5 to 3`
  private static func sentence(_ node: Node, _ fault: Fault, _ loss: Node) throws -> String {
    let what = fault == .nan ? "NaN" : "infinity"
    if node.isLeaf {
      return node.module.map { "the parameter \($0) has \(what) already" } ?? "the batch has \(what)"
    }
    if node.constant != nil { return "a constant in the model" }
    let place = node.module.map { " in \($0)" } ?? ""
    let direction = node.id > loss.id ? "the derivative of \(place.isEmpty ? "the loss" : "what is\(place)"), \(name(node)),"
      : "\(name(node))\(place)"
    let operands = try node.inputs.filter { $0.types.count == 1 }.prefix(3).map(range)
    return "\(direction) made \(what)"
      + (operands.isEmpty ? "" : " from " + operands.joined(separator: " and "))
  }

  /// The type of an operand and its smallest and largest number.
  private static func range(_ node: Node) throws -> String {
    if let constant = node.constant { return "\(constant.double)" }
    guard node.dtype.isFloating, node.type.shape.elementCount > 0 else { return "\(node.type)" }
    let value = Tensor(node).to(.f64)
    let ends = [value.min(), value.max()]
    try eval(ends)
    return "\(node.type) of \(ends[0].item) to \(ends[1].item)"
  }
}
