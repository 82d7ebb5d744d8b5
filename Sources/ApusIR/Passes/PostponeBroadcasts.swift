/// Computes before repeating: an elementwise operation on operands that are all repeated the same
/// way works on the tensor before the repetition, f(broadcast(x)) = broadcast(f(x)).
///
/// Operands may also be constants, or broadcasts of something smaller. In the same way an operation
/// on operands that are all transposed alike, or all reshaped alike, comes before the movement, which
/// then meets, and often cancels, the next one. No result changes by a bit.
struct PostponeBroadcasts: PeepholePass {
  typealias Value = Program.Value

  init() {}

  mutating func simplify(
    _ instruction: Program.Instruction, _ operands: [Value], in rewriter: inout ProgramRewriter
  ) -> Value? {
    guard instruction.primitive.isElementwise else { return nil }
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
  /// Whether each element of the result depends only on the elements at its place.
  public var isElementwise: Bool {
    switch self {
    case .unary, .binary, .compare, .select, .cast: true
    default: false
    }
  }
}
