/// Computes equal things once: an instruction that was seen before on the same operands is replaced
/// by the first one's results.
///
/// The operands of commutative operations are compared in any order. Every primitive is a function
/// of its operands and attributes (random bits of their key), so all can be merged but `barrier`,
/// which is there to prevent it.
public enum EliminateCommonSubexpressions: Pass {
  private struct Key: Hashable {
    let primitive: Primitive
    let operands: [Program.Value]
  }

  public static func rewrite(_ program: Program) -> Program? {
    var rewriter = ProgramRewriter(program)
    var known: [Key: Range<Program.Value>] = [:]
    known.reserveCapacity(program.instructions.count)
    for instruction in program.instructions {
      var primitive = instruction.primitive
      if let body = primitive.body, let rewritten = rewrite(body) {
        primitive = primitive.with(body: rewritten)
        rewriter.noteChange()
      }
      let operands = rewriter.operands(of: instruction)
      if case .barrier = primitive {
        rewriter.keep(instruction)
        continue
      }
      let key = Key(
        primitive: primitive,
        operands: isCommutative(primitive, program.types[instruction.result])
          ? operands.sorted() : operands)
      if let results = known[key] {
        for (old, new) in zip(instruction.results, results) { rewriter.replace(old, with: new) }
        rewriter.noteChange()
        continue
      }
      let first = rewriter.result.types.count
      rewriter.keep(instruction, as: primitive, on: operands)
      known[key] = first..<rewriter.result.types.count
    }
    return rewriter.finish()
  }

  /// Whether the order of the two operands does not change a bit of the result. The greater of 0 and
  /// -0 may depend on it.
  private static func isCommutative(_ primitive: Primitive, _ type: TensorType) -> Bool {
    switch primitive {
    case .binary(.add), .binary(.multiply), .binary(.and), .binary(.or), .binary(.xor): true
    case .binary(.maximum), .binary(.minimum): !type.dtype.isFloating
    case .compare(.equal), .compare(.notEqual): true
    default: false
    }
  }
}
