/// Takes sums out of loops: a carry to which each round only adds a product is one product over all
/// rounds, whose operands the loop records; one to which each round adds a small reduction becomes
/// the sum of what the loop records.
///
/// The gradients of a loop's weights are such sums. In the loop each round reads and writes the
/// whole of the weights; after it, `Σ aₜᵀ·bₜ` is one product in which the rounds are part of the
/// contracted axis. The terms are the same, but a floating-point sum over rounds is added up in
/// another order, and is rounded once instead of in each round.
public enum SumAfterScans: Pass {
  public static func rewrite(_ program: Program) -> Program? {
    ProgramRewriter.rewritingScans(of: program, rewriteBody: rewrite) { instruction, scan, rewriter in
      guard scan.length > 1 else { return false }
      let sums = ScanSums(scan)
      if sums.found.isEmpty { return false }
      sums.write(instruction, into: &rewriter)
      return true
    }
  }
}

/// The carries of one scan that are only summed up.
private struct ScanSums {
  typealias Value = Program.Value

  struct Sum {
    /// The place among the carries.
    var carry: Int
    /// The instruction that makes what each round adds.
    var term: Program.Instruction
    /// From the term's result to the shape of the carry.
    var movements: [Primitive]
  }

  let scan: Scan
  private(set) var found: [Sum] = []

  private var body: Program { scan.body }

  init(_ scan: Scan) {
    self.scan = scan
    let body = scan.body
    let uses = body.useCounts
    var producers = [Int?](repeating: nil, count: body.types.count)
    for (index, instruction) in body.instructions.enumerated() {
      for result in instruction.results { producers[result] = index }
    }
    func producer(_ value: Value) -> Program.Instruction? {
      producers[value].map { body.instructions[$0] }
    }
    for carry in 0..<scan.carries {
      let (input, output) = (scan.constants + carry, body.outputs[carry])
      guard uses[input] == 1, uses[output] == 1, let addition = producer(output),
        case .binary(.add) = addition.primitive, addition.operands.contains(input),
        body.types[output].dtype.isFloating
      else { continue }
      var value = addition.operands[addition.operands[0] == input ? 1 : 0]
      var movements: [Primitive] = []
      while uses[value] == 1, let move = producer(value), move.primitive.isLinear(on: body.types[move.operands[0]].dtype) {
        movements.insert(move.primitive, at: 0)
        value = move.operands[0]
      }
      guard uses[value] == 1, let term = producer(value) else { continue }
      switch term.primitive {
      case .matmul: break
      case .reduce(.sum, let axes) where !axes.isEmpty: break
      default: continue
      }
      found.append(Sum(carry: carry, term: term, movements: movements))
    }
  }

  /// What the loop records for a sum.
  private func recorded(_ sum: Sum) -> [Value] {
    if case .matmul = sum.term.primitive { return sum.term.operands }
    // The reduction's operand, where it is recorded anyway, else the smaller result.
    let operand = sum.term.operands[0]
    let isRecorded =
      body.outputs.dropFirst(scan.carries).contains(operand)
      || found.contains { other in
        guard case .matmul = other.term.primitive else { return false }
        return other.term.operands.contains(operand)
      }
    return isRecorded ? [operand] : [sum.term.result]
  }

  func write(_ instruction: Program.Instruction, into rewriter: inout ProgramRewriter) {
    let operands = rewriter.operands(of: instruction)
    let carries = Set(found.map(\.carry))
    let kept = body.outputs.indices.filter { !carries.contains($0) }
    var records = body.outputs.dropFirst(scan.carries).map { $0 }
    for value in found.flatMap(recorded) where !records.contains(value) { records.append(value) }
    let loop = loop(without: carries, recording: records)
    let remaining = operands.indices.filter { !carries.contains($0 - scan.constants) }
    let results = rewriter.append(
      .scan(loop), remaining.map { operands[$0] }, types: loop.resultTypes,
      module: instruction.module)
    for (new, old) in kept.enumerated() {
      rewriter.replace(instruction.results.lowerBound + old, with: results.lowerBound + new)
    }
    for sum in found {
      let stacks = recorded(sum).map { value in
        results.lowerBound + loop.carries + records.firstIndex(of: value)!
      }
      var total = self.total(of: sum, stacks, instruction.module, &rewriter)
      for movement in sum.movements {
        total = rewriter.emit(movement, [total], module: instruction.module)
      }
      let initial = operands[scan.constants + sum.carry]
      let value = rewriter.emit(.binary(.add), [initial, total], module: instruction.module)
      rewriter.replace(instruction.results.lowerBound + sum.carry, with: value)
    }
  }

  /// The loop that carries less.
  private func loop(without carries: Set<Int>, recording records: [Value]) -> Scan {
    let inputs = (0..<body.inputCount).filter { !carries.contains($0 - scan.constants) }
    var values = [Value](repeating: -1, count: body.types.count)
    for (new, old) in inputs.enumerated() { values[old] = new }
    var smaller = Program(inputs: inputs.map { body.types[$0] })
    let additions = Set(carries.map { body.outputs[$0] })
    for instruction in body.instructions where !additions.contains(instruction.result) {
      let results = smaller.append(
        instruction.primitive, instruction.operands.map { values[$0] },
        types: Array(body.types[instruction.results]), module: instruction.module)
      for (old, new) in zip(instruction.results, results) { values[old] = new }
    }
    let carried = (0..<scan.carries).filter { !carries.contains($0) }.map { body.outputs[$0] }
    smaller.outputs = (carried + records).map { values[$0] }
    return Scan(
      body: smaller, length: scan.length, constants: scan.constants, carries: carried.count,
      reverse: scan.reverse)
  }

  /// The sum over the rounds of a term whose stacked operands, or results, are given.
  private func total(
    of sum: Sum, _ stacks: [Value], _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value {
    switch sum.term.primitive {
    case .matmul(let transposeA, let transposeB):
      let rank = body.types[sum.term.result].shape.rank
      // The axis of the operand that is contracted, before the rounds are part of it.
      let a = contractingRounds(stacks[0], axis: rank - (transposeA ? 2 : 1), module, &rewriter)
      let b = contractingRounds(stacks[1], axis: rank - (transposeB ? 1 : 2), module, &rewriter)
      return rewriter.emit(
        .matmul(transposeA: transposeA, transposeB: transposeB), [a, b], module: module)
    case .reduce(_, let axes) where recorded(sum) == sum.term.operands:
      return rewriter.emit(
        .reduce(.sum, axes: [0] + axes.map { $0 + 1 }), stacks, module: module)
    default:
      return rewriter.emit(.reduce(.sum, axes: [0]), stacks, module: module)
    }
  }

  /// `[rounds, …, extent at axis, …]` to `[…, rounds · extent, …]`.
  private func contractingRounds(
    _ stack: Value, axis: Int, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value {
    let shape = rewriter.shape(stack)
    var order = Array(1..<shape.rank)
    order.insert(0, at: axis)
    var moved = stack
    if axis > 0 { moved = rewriter.emit(.transpose(order), [stack], module: module) }
    var extents = Array(shape.dropFirst())
    extents[axis] *= shape[0]
    return rewriter.reshaped(moved, to: Shape(extents), module: module)
  }
}

extension Primitive {
  /// Whether the result is the operand's elements in another order, shape or precision.
  fileprivate func isLinear(on dtype: DType) -> Bool {
    switch self {
    case .reshape, .transpose, .reverse: true
    case .cast(let target): dtype.isFloating && target.isFloating
    default: false
    }
  }
}
