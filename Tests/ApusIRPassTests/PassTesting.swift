import ApusIR
import ApusTestSupport
import Testing

/// Runs one pass on a program in text form and compares what comes out with a text; both must be
/// valid programs. Dead code that the pass leaves is dropped first.
func expect(
  _ pass: any Pass.Type, _ before: String, becomes after: String,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let program = Program(parsing: before)
  try program.validate()
  #expect(
    program.description == before, "the test's program is not in normal form",
    sourceLocation: sourceLocation)
  let result = EliminateDeadCode.run(pass.run(program))
  try result.validate()
  #expect(result.description == after, sourceLocation: sourceLocation)
  #expect(result.inputTypes == program.inputTypes, sourceLocation: sourceLocation)
  #expect(result.outputTypes == program.outputTypes, sourceLocation: sourceLocation)
}

/// Expects that a pass leaves a program as it is.
func expectUnchanged(
  _ pass: any Pass.Type, _ program: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  try expect(pass, program, becomes: program, sourceLocation: sourceLocation)
  #expect(pass.rewrite(Program(parsing: program)) == nil, sourceLocation: sourceLocation)
}
