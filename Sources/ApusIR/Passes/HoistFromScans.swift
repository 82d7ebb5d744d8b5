/// Takes work out of loops that is the same in each round: what depends on the loop's constants alone
/// is computed before it.
///
/// A cast of the weights is the common case. Mere movement of a constant stays in the body, where
/// it costs nothing, and so does what is cheap but larger than the constants that it is made of.
/// Results stay the same bit for bit.
public enum HoistFromScans: Pass {
  public static func rewrite(_ program: Program) -> Program? {
    ProgramRewriter.rewritingScans(of: program, rewriteBody: rewrite) { instruction, scan, rewriter in
      guard scan.length > 0 else { return false }
      let invariants = ScanInvariants(scan)
      if invariants.used.isEmpty { return false }
      invariants.write(instruction, into: &rewriter)
      return true
    }
  }
}

/// The work in one scan's body that does not depend on the round.
private struct ScanInvariants {
  typealias Value = Program.Value

  let scan: Scan
  /// The instructions to compute before the loop, in order.
  private var hoisted: [Program.Instruction] = []
  /// What the rest of the body uses of them.
  private(set) var used: [Value] = []

  private var body: Program { scan.body }

  init(_ scan: Scan) {
    self.scan = scan
    let body = scan.body
    var isInvariant = body.types.indices.map { $0 < scan.constants }
    var isWork = [Bool](repeating: false, count: body.types.count)
    /// The number of elements of the largest constant that a value depends on.
    var origin = body.types.indices.map { $0 < scan.constants ? body.types[$0].shape.elementCount : 0 }
    for instruction in body.instructions {
      guard instruction.operands.allSatisfy({ isInvariant[$0] }), instruction.primitive != .barrier
      else { continue }
      let largest = instruction.operands.map { origin[$0] }.max() ?? 0
      for result in instruction.results {
        isInvariant[result] = true
        origin[result] = largest
        let isSmall = body.types[result].shape.elementCount <= largest
        isWork[result] = instruction.primitive.isDear || (!instruction.primitive.isFree && isSmall)
      }
    }
    // The work, and the movement that it needs.
    var isNeeded = [Bool](repeating: false, count: body.types.count)
    for instruction in body.instructions.reversed() {
      guard instruction.results.contains(where: { isNeeded[$0] || isWork[$0] }) else { continue }
      for result in instruction.results { isNeeded[result] = true }
      for operand in instruction.operands where operand >= body.inputCount {
        isNeeded[operand] = true
      }
    }
    hoisted = body.instructions.filter { isNeeded[$0.result] }
    var isUsed = [Bool](repeating: false, count: body.types.count)
    for instruction in body.instructions where !isNeeded[instruction.result] {
      for operand in instruction.operands { isUsed[operand] = true }
    }
    for output in body.outputs { isUsed[output] = true }
    used = body.types.indices.filter { isUsed[$0] && isWork[$0] }
  }

  func write(_ instruction: Program.Instruction, into rewriter: inout ProgramRewriter) {
    rewriter.noteChange()
    let operands = rewriter.operands(of: instruction)
    var outer = [Value](repeating: -1, count: body.types.count)
    for constant in 0..<scan.constants { outer[constant] = operands[constant] }
    for inner in hoisted {
      let results = rewriter.append(
        inner.primitive, inner.operands.map { outer[$0] },
        types: Array(body.types[inner.results]), module: inner.module)
      for (old, new) in zip(inner.results, results) { outer[old] = new }
    }
    var loop = scan
    loop.constants += used.count
    loop.body = smallerBody
    var extended = operands
    extended.insert(contentsOf: used.map { outer[$0] }, at: scan.constants)
    rewriter.keep(instruction, as: .scan(loop), on: extended)
  }

  /// The body that takes the values that it uses as further constants.
  private var smallerBody: Program {
    let inputs = Array(0..<scan.constants) + used + Array(scan.constants..<body.inputCount)
    var values = [Value](repeating: -1, count: body.types.count)
    for (new, old) in inputs.enumerated() { values[old] = new }
    var smaller = Program(inputs: inputs.map { body.types[$0] })
    for instruction in body.instructions where instruction.results.contains(where: { values[$0] < 0 }) {
      let results = smaller.append(
        instruction.primitive, instruction.operands.map { values[$0] },
        types: Array(body.types[instruction.results]), module: instruction.module)
      for (old, new) in zip(instruction.results, results) where values[old] < 0 {
        values[old] = new
      }
    }
    smaller.outputs = body.outputs.map { values[$0] }
    return smaller
  }
}

extension Primitive {
  /// Whether the result costs nothing where it is used: movement, and what has no operands.
  fileprivate var isFree: Bool {
    switch self {
    case .constant, .iota, .broadcast, .reshape, .transpose, .slice, .reverse, .stopGradient: true
    default: false
    }
  }
}
