/// Puts the bodies of calls in their place and drops `stopGradient`.
///
/// Both matter only while gradients are taken. A `barrier` stays: what a checkpoint computes a
/// second time must not be merged with the first.
public enum InlineCalls: Pass {
  public static func rewrite(_ program: Program) -> Program? {
    var rewriter = ProgramRewriter(program, rewriteBody: rewrite)
    for instruction in program.instructions {
      switch instruction.primitive {
      case .stopGradient:
        rewriter.replace(instruction.result, with: rewriter[instruction.operands[0]])
      case .call(let call):
        let results = inline(
          run(call.body), on: rewriter.operands(of: instruction), module: instruction.module,
          into: &rewriter)
        for (old, new) in zip(instruction.results, results) { rewriter.replace(old, with: new) }
        rewriter.noteChange()
      default:
        rewriter.keep(instruction)
      }
    }
    return rewriter.finish()
  }

  /// Appends the instructions of `body` and returns its outputs.
  static func inline(
    _ body: Program, on operands: [Program.Value], module: String?,
    into rewriter: inout ProgramRewriter
  ) -> [Program.Value] {
    var values = operands
    values.reserveCapacity(body.types.count)
    for instruction in body.instructions {
      values += rewriter.append(
        instruction.primitive, instruction.operands.map { values[$0] },
        types: Array(body.types[instruction.results]), module: instruction.module ?? module)
    }
    return body.outputs.map { values[$0] }
  }
}
