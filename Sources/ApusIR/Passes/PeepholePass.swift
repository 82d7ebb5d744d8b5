/// A pass made of rules that look at one instruction and at what defines its operands.
///
/// Operands are rewritten before their users, so chains collapse in one walk.
protocol PeepholePass: Pass {
  init()

  /// A value of the new program for the result of an instruction with one result, or nil to keep
  /// the instruction as it is.
  /// - Parameter operands: the instruction's operands in the new program.
  mutating func simplify(
    _ instruction: Program.Instruction, _ operands: [Program.Value],
    in rewriter: inout ProgramRewriter
  ) -> Program.Value?
}

extension PeepholePass {
  public static func rewrite(_ program: Program) -> Program? {
    var pass = Self()
    var rewriter = ProgramRewriter(program, rewriteBody: rewrite)
    for instruction in program.instructions {
      if instruction.results.count == 1 {
        let operands = rewriter.operands(of: instruction)
        if let value = pass.simplify(instruction, operands, in: &rewriter) {
          rewriter.replace(instruction.result, with: value)
          continue
        }
      }
      rewriter.keep(instruction)
    }
    return rewriter.finish()
  }
}
