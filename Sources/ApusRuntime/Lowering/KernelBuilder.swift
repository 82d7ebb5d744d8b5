import ApusIR

/// Builds the body of one kernel: loop scopes, values that are shared within them, and arguments.
struct KernelBuilder {
  /// A tensor value at an index: computed once in a scope.
  struct Key: Hashable {
    var value: Program.Value
    var indices: [Kernel.Index]
    var guards: [Kernel.Guard] = []
  }

  private(set) var kernel = Kernel()
  private(set) var blocks: [Int] = []
  private var bodies: [[Kernel.Statement]] = [[]]
  private var memo: [[Key: Kernel.Value]] = [[:]]
  private var operations: [[OperationKey: Kernel.Value]] = [[:]]
  private var nextValue = 0
  private var nextAccumulator = 0

  private struct OperationKey: Hashable {
    var operation: Kernel.Operation
    var dtype: DType
  }

  var extents: [Int] { kernel.extents }

  mutating func addVariable(extent: Int) -> Kernel.Variable {
    kernel.extents.append(extent)
    return kernel.extents.count - 1
  }

  mutating func setParallel(_ variables: [Kernel.Variable]) { kernel.parallel = variables }

  // MARK: Scopes

  mutating func openScope() {
    bodies.append([])
    memo.append([:])
    operations.append([:])
  }

  mutating func closeScope() -> [Kernel.Statement] {
    memo.removeLast()
    operations.removeLast()
    return bodies.removeLast()
  }

  mutating func append(_ statement: Kernel.Statement) { bodies[bodies.count - 1].append(statement) }

  /// Ends the scope and puts loops over `variables`, outermost first, around it.
  mutating func closeLoop(over variables: [Kernel.Variable], isVectorizable: Bool) {
    var statements = closeScope()
    for (depth, variable) in variables.reversed().enumerated() {
      statements = [.loop(variable, isVectorizable: isVectorizable && depth == 0, body: statements)]
    }
    bodies[bodies.count - 1] += statements
  }

  /// Ends the scope and runs it where the `bool` value is true.
  mutating func closeWhen(_ condition: Kernel.Value) {
    let statements = closeScope()
    append(.when(condition, body: statements))
  }

  // MARK: Values

  func known(_ key: Key) -> Kernel.Value? {
    for scope in memo.reversed() {
      if let value = scope[key] { return value }
    }
    return nil
  }

  mutating func remember(_ key: Key, _ value: Kernel.Value) { memo[memo.count - 1][key] = value }

  /// Defines a value; equal operations without side effects share one within a scope.
  mutating func define(_ dtype: DType, _ operation: Kernel.Operation) -> Kernel.Value {
    let key = OperationKey(operation: operation, dtype: dtype)
    let isShared = operation.isPure
    if isShared {
      for scope in operations.reversed() {
        if let value = scope[key] { return value }
      }
    }
    let value = nextValue
    nextValue += 1
    append(.define(value, dtype, operation))
    if isShared { operations[operations.count - 1][key] = value }
    return value
  }

  mutating func declare(_ dtype: DType, count: Int = 1, initial: Scalar) -> Kernel.Accumulator {
    let accumulator = nextAccumulator
    nextAccumulator += 1
    append(.declare(accumulator, dtype, count: count, initial: initial))
    return accumulator
  }

  mutating func read(_ accumulator: Kernel.Accumulator, _ dtype: DType, at index: Kernel.Index = .constant(0))
    -> Kernel.Value
  {
    define(dtype, .read(accumulator, at: index))
  }

  // MARK: Arguments

  mutating func argument(_ block: Int, _ type: TensorType, isWritten: Bool) -> Int {
    let index: Int
    if let known = blocks.firstIndex(of: block) {
      index = known
    } else {
      index = blocks.count
      blocks.append(block)
      kernel.arguments.append(
        Kernel.Argument(
          dtype: type.dtype, isRead: false, isWritten: false,
          elementCount: type.shape.elementCount))
    }
    if isWritten {
      kernel.arguments[index].isWritten = true
    } else {
      kernel.arguments[index].isRead = true
    }
    return index
  }

  mutating func finish() -> Kernel {
    kernel.body = bodies[0]
    return kernel
  }
}

extension Kernel.Operation {
  /// Whether two of these with the same operands always give the same value within a scope.
  var isPure: Bool {
    switch self {
    case .load, .read: false
    default: true
    }
  }
}
