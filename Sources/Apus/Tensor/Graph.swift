import ApusIR

/// The computation behind tensors, to read or to draw.
///
/// ```swift
/// let x = Tensor.ones([2, 3])
/// print(Graph(of: softmax(x)))                 // one line an operation
/// try Graph(of: softmax(x)).dot.write(…)       // for Graphviz: dot -Tsvg
/// ```
public struct Graph: CustomStringConvertible, Sendable {
  let program: Program

  /// The graph that computes these tensors from data; what is computed already counts as data.
  ///
  /// - Parameter optimized: as the compiler rewrites it before it makes kernels.
  public init(of tensors: Tensor..., optimized: Bool = false) {
    let program = Program.capturing(inputs: [], outputs: tensors.map(\.node)).program
    self.program = optimized ? program.optimised() : program
  }

  /// The number of operations.
  public var operationCount: Int { program.instructions.count }

  /// One line an operation: results with their types, its name and attributes, operands, and the
  /// module that made it.
  public var description: String { program.description }

  /// The graph in Graphviz's language.
  public var dot: String { program.dot }
}
