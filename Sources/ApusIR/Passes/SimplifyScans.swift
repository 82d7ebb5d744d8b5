/// Carries less through loops: recorded results that nobody reads go, carries that neither a round
/// nor the result needs, operands the body does not use. A carry that no round changes becomes a
/// constant of the loop; a constant number becomes part of the body; and a result that is the same
/// in each round, or is one of the sequences, is taken from outside the loop.
public enum SimplifyScans: Pass {
  public static func rewrite(_ program: Program) -> Program? {
    guard program.instructions.contains(where: { $0.primitive.body != nil }) else { return nil }
    let uses = program.useCounts
    var rewriter = ProgramRewriter(program, rewriteBody: rewrite)
    for instruction in program.instructions {
      guard case .scan(let scan) = instruction.primitive else {
        rewriter.keep(instruction)
        continue
      }
      let simplification = ScanSimplification(
        scan, rewriter.operands(of: instruction),
        isUsed: instruction.results.map { uses[$0] > 0 }, in: rewriter)
      if simplification.changesSomething {
        simplification.write(instruction, into: &rewriter)
      } else {
        rewriter.keep(instruction)
      }
    }
    return rewriter.finish()
  }
}

/// What can be left out of one scan.
private struct ScanSimplification {
  typealias Value = Program.Value

  /// Where a result can be had from without the loop.
  enum Outside {
    case operand(Value)
    case repeated(Value)
    case constant(Scalar)
  }

  let scan: Scan
  let operands: [Value]
  let isUsed: [Bool]

  /// For each body value the instruction that defines it.
  private var producers: [Int]
  private var isLive: [Bool]
  private var isCarryLive: [Bool]
  /// Results that need not be computed by the loop.
  private var outside: [Int: Outside] = [:]
  /// Body inputs that are one number.
  private var numbers: [Value: Scalar] = [:]
  /// Body inputs that stay, by role.
  private var constants: [Value] = []
  private var carries: [Value] = []
  private var sequences: [Value] = []
  /// Recorded results that stay, and for those that record the same the one that does.
  private var recorded: [Int] = []
  private var twins: [Int: Int] = [:]

  private var body: Program { scan.body }
  private var firstSequence: Int { scan.constants + scan.carries }

  init(_ scan: Scan, _ operands: [Value], isUsed: [Bool], in rewriter: ProgramRewriter) {
    self.scan = scan
    self.operands = operands
    self.isUsed = isUsed
    producers = [Int](repeating: -1, count: scan.body.types.count)
    isLive = [Bool](repeating: false, count: scan.body.types.count)
    isCarryLive = [Bool](repeating: false, count: scan.carries)
    for (index, instruction) in scan.body.instructions.enumerated() {
      for result in instruction.results { producers[result] = index }
    }
    findOutsideResults(in: rewriter)
    markLive()
    for input in 0..<body.inputCount where isLive[input] {
      if let number = rewriter.constant(operands[input]), !isChangingCarry(input) {
        numbers[input] = number
      } else if isChangingCarry(input) {
        continue
      } else if input < firstSequence {
        constants.append(input)
      } else {
        sequences.append(input)
      }
    }
    carries = (0..<scan.carries).filter { isCarryLive[$0] }.map { scan.constants + $0 }
  }

  private func bodyConstant(_ value: Value) -> Scalar? {
    guard producers[value] >= 0,
      case .constant(let number, _) = body.instructions[producers[value]].primitive
    else { return nil }
    return number
  }

  private func isChangingCarry(_ input: Value) -> Bool {
    (scan.constants..<firstSequence).contains(input) && outside[input - scan.constants] == nil
  }

  private mutating func findOutsideResults(in rewriter: ProgramRewriter) {
    for carry in 0..<scan.carries {
      let (input, output) = (scan.constants + carry, body.outputs[carry])
      let initial = rewriter.constant(operands[input])
      let isSame = output == input || (initial != nil && initial == bodyConstant(output))
      if isSame || scan.length == 0 { outside[carry] = .operand(operands[input]) }
    }
    for index in scan.carries..<body.outputs.count {
      let output = body.outputs[index]
      if let number = bodyConstant(output) {
        outside[index] = .constant(number)
      } else if scan.length == 0 {
        outside[index] = .constant(.zero(body.types[output].dtype))
      } else if output < body.inputCount, !isChangingCarry(output) {
        outside[index] =
          output < firstSequence ? .repeated(operands[output]) : .operand(operands[output])
      }
    }
  }

  /// Follows what the used results need through the body and, by the carries, to the round before.
  private mutating func markLive() {
    var pending: [Value] = []
    for index in body.outputs.indices where isUsed[index] && outside[index] == nil {
      if index < scan.carries {
        isCarryLive[index] = true
      } else if let twin = recorded.first(where: { body.outputs[$0] == body.outputs[index] }) {
        twins[index] = twin
      } else {
        recorded.append(index)
      }
      pending.append(body.outputs[index])
    }
    while let value = pending.popLast() {
      if isLive[value] { continue }
      isLive[value] = true
      if value >= body.inputCount {
        pending += body.instructions[producers[value]].operands
      } else if isChangingCarry(value), !isCarryLive[value - scan.constants] {
        isCarryLive[value - scan.constants] = true
        pending.append(body.outputs[value - scan.constants])
      }
    }
  }

  var changesSomething: Bool {
    let kept =
      Set(constants.map { operands[$0] }).count + carries.count
      + Set(sequences.map { operands[$0] }).count
    return kept < operands.count
      || carries.count + recorded.count < body.outputs.count
  }

  func write(_ instruction: Program.Instruction, into rewriter: inout ProgramRewriter) {
    rewriter.noteChange()
    let first = instruction.results.lowerBound
    for (index, place) in outside.sorted(by: { $0.key < $1.key }) where isUsed[index] {
      let type = rewriter.source.types[first + index]
      let value: Value
      switch place {
      case .operand(let operand): value = operand
      case .constant(let number):
        value = rewriter.emitConstant(number, type, module: instruction.module)
      case .repeated(let operand):
        value = rewriter.broadcast(operand, to: type.shape, module: instruction.module)
      }
      rewriter.replace(first + index, with: value)
    }
    let results = carries.map { $0 - scan.constants } + recorded
    if results.isEmpty { return }

    // Inputs that were given the same operand become one.
    var roles: [[Value]] = []
    for role in [constants, sequences] {
      var seen: Set<Value> = []
      roles.append(role.filter { seen.insert(operands[$0]).inserted })
    }
    let inputs = roles[0] + carries + roles[1]
    var values = [Value](repeating: -1, count: body.types.count)
    for (new, old) in inputs.enumerated() { values[old] = new }
    for role in [constants, sequences] {
      for old in role where values[old] < 0 {
        let twin = role.first { operands[$0] == operands[old] }!
        values[old] = values[twin]
      }
    }
    let smaller = Scan(
      body: rebuiltBody(inputs, results, values), length: scan.length,
      constants: roles[0].count, carries: carries.count, reverse: scan.reverse)
    let written = rewriter.append(
      .scan(smaller), inputs.map { operands[$0] }, types: smaller.resultTypes,
      module: instruction.module)
    for (new, old) in zip(written, results) { rewriter.replace(first + old, with: new) }
    for (index, twin) in twins.sorted(by: { $0.key < $1.key }) {
      rewriter.replace(first + index, with: rewriter[first + twin])
    }
  }

  private func rebuiltBody(_ inputs: [Value], _ results: [Int], _ known: [Value]) -> Program {
    var values = known
    var smaller = Program(inputs: inputs.map { body.types[$0] })
    for (input, number) in numbers.sorted(by: { $0.key < $1.key }) {
      let type = body.types[input]
      values[input] =
        smaller.append(.constant(number, type), [], types: [type]).lowerBound
    }
    for instruction in body.instructions where isLive[instruction.results].contains(true) {
      let new = smaller.append(
        instruction.primitive, instruction.operands.map { values[$0] },
        types: Array(body.types[instruction.results]), module: instruction.module)
      for (old, new) in zip(instruction.results, new) { values[old] = new }
    }
    smaller.outputs = results.map { values[body.outputs[$0]] }
    return smaller
  }
}
