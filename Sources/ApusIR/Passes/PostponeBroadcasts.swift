/// Computes before repeating: an elementwise operation on operands that are all repeated the same
/// way works on the tensor before the repetition, f(broadcast(x)) = broadcast(f(x)).
///
/// Operands may also be constants, or broadcasts of something smaller. In the same way an operation
/// on operands that are all transposed alike, or all reshaped alike, comes before the movement, which
/// then meets, and often cancels, the next one; and an operand that was computed over axes which are
/// one now has the operation work on those. No result changes by a bit.
struct PostponeBroadcasts: PeepholePass {
  typealias Value = Program.Value

  init() {}

  mutating func simplify(
    _ instruction: Program.Instruction, _ operands: [Value], in rewriter: inout ProgramRewriter
  ) -> Value? {
    guard instruction.primitive.isElementwise else { return nil }
    if let value = postponeSplit(instruction, operands, in: &rewriter) { return value }
    let sources = operands.map { rewriter.constant($0) == nil ? rewriter.producer($0) : nil }
    // The movement that the first operand but for constants went through.
    guard let index = operands.firstIndex(where: { rewriter.constant($0) == nil }),
      let movement = sources[index]?.primitive
    else { return nil }
    switch movement {
    case .broadcast:
      return postponeBroadcast(instruction, operands, in: &rewriter)
    case .transpose, .reshape:
      var shape: Shape?
      for (operand, source) in zip(operands, sources) where rewriter.constant(operand) == nil {
        guard let source, source.primitive == movement, rewriter.isUsedOnce(operand) else {
          return nil
        }
        let original = rewriter.shape(source.operands[0])
        guard shape == nil || shape == original else { return nil }
        shape = original
      }
      guard let shape else { return nil }
      let moved = zip(operands, sources).map { operand, source in
        source?.operands[0] ?? respread(operand, to: shape, instruction.module, &rewriter)
      }
      let value = rewriter.emit(instruction.primitive, moved, module: instruction.module)
      return rewriter.emit(movement, [value], module: instruction.module)
    default:
      return nil
    }
  }

  /// An operand that was computed over more axes than it has now: the operation works on those too,
  /// as the kernels can walk the axes of the others in parts but not theirs as one.
  private func postponeSplit(
    _ instruction: Program.Instruction, _ operands: [Value], in rewriter: inout ProgramRewriter
  ) -> Value? {
    let module = instruction.module
    let sources = operands.map { operand -> Value? in
      guard let source = rewriter.producer(operand), source.primitive.isReshape,
        rewriter.isUsedOnce(operand), let origin = rewriter.producer(source.operands[0]),
        origin.primitive.isElementwise,
        rewriter.shape(source.operands[0]).rank > rewriter.shape(operand).rank + 1
      else { return nil }
      return source.operands[0]
    }
    guard let first = sources.compactMap({ $0 }).first else { return nil }
    let split = rewriter.shape(first)
    let moved = operands.map { operand -> Value in
      if let source = rewriter.producer(operand), source.primitive.isReshape,
        rewriter.shape(source.operands[0]) == split
      {
        return source.operands[0]
      }
      if rewriter.constant(operand) != nil { return respread(operand, to: split, module, &rewriter) }
      return rewriter.reshaped(operand, to: split, module: module)
    }
    let value = rewriter.emit(instruction.primitive, moved, module: module)
    return rewriter.reshaped(value, to: rewriter.shape(operands[0]), module: module)
  }

  private func postponeBroadcast(
    _ instruction: Program.Instruction, _ operands: [Value], in rewriter: inout ProgramRewriter
  ) -> Value? {
    let module = instruction.module
    let whole = rewriter.shape(operands[0])
    var narrow: [Value] = []
    var shape = Shape([])
    for operand in operands {
      if rewriter.constant(operand) != nil {
        narrow.append(operand)
        continue
      }
      guard let source = rewriter.producer(operand), case .broadcast = source.primitive else {
        return nil
      }
      let original = rewriter.shape(source.operands[0])
      narrow.append(source.operands[0])
      if shape.broadcasts(to: original) {
        shape = original
      } else if !original.broadcasts(to: shape) {
        return nil
      }
    }
    guard shape.elementCount < whole.elementCount else { return nil }
    let moved = zip(operands, narrow).map { operand, source in
      operand == source
        ? respread(operand, to: shape, module, &rewriter)
        : rewriter.broadcast(source, to: shape, module: module)
    }
    let value = rewriter.emit(instruction.primitive, moved, module: module)
    return rewriter.emit(.broadcast(whole), [value], module: module)
  }

  /// A constant with another shape.
  private func respread(
    _ value: Value, to shape: Shape, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value {
    let type = TensorType(rewriter.type(value).dtype, shape)
    return rewriter.emitConstant(rewriter.constant(value)!, type, module: module)
  }
}

extension Primitive {
  fileprivate var isReshape: Bool { if case .reshape = self { true } else { false } }

  /// Whether each element of the result depends only on the elements at its place.
  public var isElementwise: Bool {
    switch self {
    case .unary, .binary, .compare, .select, .cast: true
    default: false
    }
  }
}
