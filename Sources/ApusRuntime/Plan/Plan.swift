import ApusIR

/// What an engine runs: steps in order, over blocks of memory whose places are known.
public struct Plan: Sendable {
  /// A block of memory that holds one dense tensor, or scratch space.
  public struct Block: Sendable {
    public enum Place: Hashable, Sendable {
      case input(Int)
      case output(Int)
      /// Byte offset in the arena.
      case arena(Int)
    }
    public var place: Place
    public var type: TensorType
    public var byteCount: Int { type.byteCount }
  }

  /// A tensor inside a block: strides in elements, offset in elements.
  public struct View: Hashable, Sendable {
    public var block: Int
    public var offset: Int
    public var shape: Shape
    public var strides: [Int]
  }

  public struct Step: Sendable {
    public var operation: Operation
    /// Blocks read and written, each once.
    public var reads: [Int]
    public var writes: [Int]
    public var flops: Int
    public var module: String?
    /// What it is, where its operations do not tell.
    public var label: String? = nil
  }

  public enum Operation: Sendable {
    /// The argument blocks, in the kernel's order.
    case kernel(Kernel, arguments: [Int])
    case matmul(Matmul)
    case convolution(ConvolutionCall)
    /// One primitive on dense operands: argSort, host operations and what has no kernel.
    case primitive(Primitive, operands: [View], results: [Int])
    case scan(ScanCall)
  }

  /// destination = a × b (+ bias), and what follows.
  public struct Matmul: Hashable, Sendable {
    public var a: View
    public var b: View
    public var destination: View
    /// Of the operands.
    public var dtype: DType
    public var resultDType: DType
    /// One number for each column.
    public var bias: View?
    public var biasDType: DType
    public var postOps: [PostOp] = []
  }

  public struct ConvolutionCall: Hashable, Sendable {
    public var attributes: Convolution
    public var dtype: DType
    public var first: View
    public var second: View
    public var destination: View
    public var bias: View?
    public var postOps: [PostOp] = []
  }

  /// What a product or convolution applies to each element of its result on the way out.
  public enum PostOp: Hashable, Sendable {
    /// Adds the element of a dense tensor of the result's shape.
    case add(View, DType)
    /// Adds what the destination held before.
    case accumulate
    case activation(Activation)
  }

  public enum Activation: String, Hashable, Sendable {
    /// A NaN stays a NaN.
    case relu
    /// With the error function.
    case gelu
  }

  public struct ScanCall: Sendable {
    /// Where a round's result comes from.
    public enum Source: Hashable, Sendable {
      /// An input of the body, handed on.
      case input(Int)
      /// An output of the body's plan.
      case output(Int)
    }

    public var scan: Scan
    /// Computes each distinct result of a round once.
    public var body: Plan
    public var operands: [View]
    public var results: [Int]
    /// For each result of the scan's body where it comes from.
    public var sources: [Source]
    /// Scratch memory: the body's arena, then two sets of carries.
    public var scratch: Int
  }

  public var inputTypes: [TensorType]
  public var outputTypes: [TensorType]
  public var blocks: [Block]
  public var steps: [Step]
  public var arenaBytes: Int
  /// For each output the donated input whose memory it takes over.
  public var aliases: [Int?]
}
