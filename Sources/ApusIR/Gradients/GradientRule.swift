/// How the gradient flows back through an operation.
public enum GradientRule: Sendable {
  /// From the node and the gradients of its results (nil where nothing depends on a result), the
  /// gradients of its operands (nil where an operand gets none).
  case rule(@Sendable (_ node: Node, _ gradients: [Node?]) throws(TensorError) -> [Node?])
  /// The result does not change with the operands, or only in jumps.
  case zero
  /// The gradient exists but is not known; taking it throws with this reason.
  case none(String)
}
