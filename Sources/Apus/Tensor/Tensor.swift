import ApusIR

/// An n-dimensional array of numbers of one dtype, computed when someone asks for its value.
///
/// A tensor is an immutable handle to a node of a graph: operations build the graph, and reading a
/// value (`array`, `scalar`, printing) or `eval` computes it. Tensors may be passed between tasks.
///
/// A number written in the source (`x * 2`) or made by `Tensor(2.5)` without a dtype is *weakly
/// typed*, as a Python number in PyTorch: it takes the dtype of the tensor it meets. It is part of
/// the graph's structure; a number that changes from step to step should be data instead, made with
/// a dtype: `Tensor(learningRate, dtype: .f32)`.
public struct Tensor: Sendable {
  /// The operation that makes this tensor, for code that works on graphs (`import ApusIR`).
  public let node: Node

  /// The exact number, where this tensor is weakly typed.
  let number: Scalar?

  public init(_ node: Node) {
    self.node = node
    number = nil
  }

  /// A weakly typed number.
  init(number: Scalar) {
    let dtype: DType
    switch number {
    case .bool: dtype = .bool
    case .integer: dtype = .i64
    case .floating: dtype = .defaultFloating
    }
    node = Node.constant(number, TensorType(dtype, []), device: .current)
    self.number = number
  }

  public var shape: Shape { node.shape }
  public var dtype: DType { node.dtype }
  public var device: Device { node.device }

  /// The number of axes.
  public var rank: Int { node.shape.rank }

  /// The number of elements.
  public var elementCount: Int { node.shape.elementCount }

  var type: TensorType { node.type }
}

extension DType {
  /// The dtype of floating-point numbers that name none, and of quotients of integers.
  public static var defaultFloating: DType { .f32 }
}

extension Node {
  /// A constant: it fits any type, so nothing can go wrong.
  static func constant(_ value: Scalar, _ type: TensorType, device: Device) -> Node {
    do {
      return try Node(
        .constant(value.converted(to: type.dtype), type), device: device)
    } catch {
      fatalError(error.description)
    }
  }
}
