/// Drops instructions none of whose results is needed for an output. Inputs stay.
public enum EliminateDeadCode: Pass {
  public static func rewrite(_ program: Program) -> Program? {
    var isLive = [Bool](repeating: false, count: program.types.count)
    for output in program.outputs { isLive[output] = true }
    for instruction in program.instructions.reversed()
    where isLive[instruction.results].contains(true) {
      for operand in instruction.operands { isLive[operand] = true }
    }
    var rewriter = ProgramRewriter(program, rewriteBody: rewrite)
    for instruction in program.instructions {
      if isLive[instruction.results].contains(true) {
        rewriter.keep(instruction)
      } else {
        rewriter.noteChange()
      }
    }
    return rewriter.finish()
  }
}
