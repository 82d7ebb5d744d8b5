import ApusIR

/// A fused loop nest over planned memory, ready for a renderer (LLVM IR, CUDA C).
///
/// The body runs once for each point of the parallel space, the product of the extents of the
/// `parallel` variables in row-major order; an empty list is a space of one point. Points are
/// independent of each other and may run in any order, on any number of threads. Inside, statements
/// run in order.
///
/// Every value has a dtype. A floating dtype of 16 bits is computed in f32 and rounded to its own
/// precision after each operation, so that fusing never changes a result. A `bool` is one byte, 0
/// or 1, in memory. The semantics of each operation are those of the primitive of its name.
public struct Kernel: Hashable, Sendable {
  /// Identifies a loop variable: an index into `extents`.
  public typealias Variable = Int
  /// Identifies a value: each is defined by one statement before its uses, in the same or an
  /// enclosing body.
  public typealias Value = Int
  /// Identifies an accumulator.
  public typealias Accumulator = Int

  /// A dense block of memory. No two arguments overlap.
  public struct Argument: Hashable, Sendable {
    public var dtype: DType
    public var isRead: Bool
    public var isWritten: Bool
    /// The number of elements the kernel may address.
    public var elementCount: Int

    public init(dtype: DType, isRead: Bool, isWritten: Bool, elementCount: Int) {
      self.dtype = dtype
      self.isRead = isRead
      self.isWritten = isWritten
      self.elementCount = elementCount
    }
  }

  public var arguments: [Argument]
  /// The extent of each loop variable; all variables start at 0 and step by 1.
  public var extents: [Int]
  /// The variables of the parallel space, outermost first.
  public var parallel: [Variable]
  public var body: [Statement]

  public init(
    arguments: [Argument] = [], extents: [Int] = [], parallel: [Variable] = [],
    body: [Statement] = []
  ) {
    self.arguments = arguments
    self.extents = extents
    self.parallel = parallel
    self.body = body
  }

  /// The number of points of the parallel space.
  public var parallelCount: Int { parallel.reduce(1) { $0 * extents[$1] } }
}

extension Kernel {
  public indirect enum Statement: Hashable, Sendable {
    /// Runs `body` for each value of the variable, in order. `isVectorizable` promises that the
    /// rounds depend on each other only through `accumulate` statements of their own body.
    case loop(Variable, isVectorizable: Bool, body: [Statement])
    /// Defines a value.
    case define(Value, DType, Operation)
    /// Makes an array of `count` accumulators (1: a scalar), all set to `initial`. Each time the
    /// statement is reached they are set anew.
    case declare(Accumulator, DType, count: Int, initial: Scalar)
    /// Combines the value into element `at` of the accumulator. Sums and products of floating
    /// values may be re-associated, always in the same way.
    case accumulate(Accumulator, at: Index, Reduction, Value)
    /// Overwrites element `at` of the accumulator. Order matters: never in a vectorizable loop
    /// with an index that repeats.
    case assign(Accumulator, at: Index, Value)
    case store(argument: Int, at: Index, Value)
    /// Runs `body` where the `bool` value is true.
    case when(Value, body: [Statement])
  }

  public enum Operation: Hashable, Sendable {
    case constant(Scalar)
    /// Reads an argument. Where a guard fails nothing is read and the value is `otherwise`.
    case load(argument: Int, at: Index, guards: [Guard], otherwise: Scalar)
    /// The value of an index expression, converted to the dtype (i32, i64 or any other number).
    case index(Index)
    case unary(Unary, Value)
    /// Operands of the dtype of the result.
    case binary(Binary, Value, Value)
    /// Operands of one dtype; the result is `bool`.
    case compare(Comparison, Value, Value)
    case select(Value, Value, Value)
    case cast(Value)
    /// Whether all guards hold; `bool`.
    case test([Guard])
    /// Reads element `at` of an accumulator.
    case read(Accumulator, at: Index)
    /// Philox bits, i32 or i64, of element `element` for the key (seed, stream), two i64 values.
    case randomBits(seed: Value, stream: Value, element: Index)
  }

  /// offset + Σ variable · stride + Σ value · stride, in elements.
  public struct Index: Hashable, Sendable {
    public struct Term: Hashable, Sendable {
      public var variable: Variable
      public var stride: Int
      public init(_ variable: Variable, stride: Int) {
        self.variable = variable
        self.stride = stride
      }
    }
    public struct DynamicTerm: Hashable, Sendable {
      /// An i32 or i64 value.
      public var value: Value
      public var stride: Int
      public init(_ value: Value, stride: Int) {
        self.value = value
        self.stride = stride
      }
    }

    public var offset: Int
    public var terms: [Term]
    public var dynamic: [DynamicTerm]

    public init(offset: Int = 0, terms: [Term] = [], dynamic: [DynamicTerm] = []) {
      self.offset = offset
      self.terms = terms
      self.dynamic = dynamic
    }
  }

  /// Holds where `bounds.lowerBound <= index < bounds.upperBound`.
  public struct Guard: Hashable, Sendable {
    public var index: Index
    public var bounds: Range<Int>

    public init(_ index: Index, in bounds: Range<Int>) {
      self.index = index
      self.bounds = bounds
    }
  }
}
