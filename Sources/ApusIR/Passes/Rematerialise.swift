/// Computes cheap values again near their late uses, so that they take no memory in between.
///
/// A training step keeps what its forward pass computes for the backward pass. Where that does not fit,
/// an activation that follows by elementwise work from values that are kept in any case need not
/// be kept itself (Chen et al., 2016, "Training Deep Nets with Sublinear Memory Cost").
///
/// Not part of the standard pipeline: an engine asks for it when a plan is over the memory limit, after
/// the other passes, which would merge what is computed twice.
public enum Rematerialise {
  /// - Parameter bytes: how much less the program should hold where it holds most.
  /// - Returns: nil where nothing cheap is held there.
  public static func rewrite(_ program: Program, saving bytes: Int) -> Program? {
    let lives = Lives(program)
    let peak = lives.peak
    var chosen: Set<Program.Value> = []
    var saved = 0
    for value in lives.heldAcross(peak).sorted(by: { lives.size($0) > lives.size($1) }) {
      guard saved < bytes else { break }
      guard lives.canComputeAgain(value, after: peak, chosen) else { continue }
      chosen.insert(value)
      saved += lives.size(value)
    }
    guard !chosen.isEmpty else { return nil }

    var rewriter = ProgramRewriter(program)
    var late: [Program.Value: Program.Value] = [:]
    for (index, instruction) in program.instructions.enumerated() {
      var operands = rewriter.operands(of: instruction)
      if index > peak {
        for (place, operand) in instruction.operands.enumerated() where chosen.contains(operand) {
          operands[place] = again(operand, at: index, chosen, lives, &late, &rewriter)
        }
      }
      rewriter.keep(instruction, as: instruction.primitive, on: operands)
    }
    rewriter.noteChange()
    return rewriter.finish()
  }

  /// The value computed a second time, with what it needs that is not at hand.
  private static func again(
    _ value: Program.Value, at index: Int, _ chosen: Set<Program.Value>, _ lives: Lives,
    _ late: inout [Program.Value: Program.Value], _ rewriter: inout ProgramRewriter
  ) -> Program.Value {
    if let made = late[value] { return made }
    if !chosen.contains(value), lives.isAlive(value, at: index) { return rewriter[value] }
    let instruction = lives.producer(of: value)!
    let operands = instruction.operands.map {
      again($0, at: index, chosen, lives, &late, &rewriter)
    }
    let made = rewriter.emit(instruction.primitive, operands, module: instruction.module)
    late[value] = made
    return made
  }
}

/// From where to where each value of a program is needed.
private struct Lives {
  let program: Program
  private var definitions: [Int]
  private var uses: [[Int]]

  /// The most instructions that one value may cost.
  private static let longest = 8

  init(_ program: Program) {
    self.program = program
    definitions = [Int](repeating: -1, count: program.types.count)
    uses = [[Int]](repeating: [], count: program.types.count)
    for (index, instruction) in program.instructions.enumerated() {
      for result in instruction.results { definitions[result] = index }
      for operand in instruction.operands { uses[operand].append(index) }
    }
    // Inputs and outputs are the caller's.
    for output in program.outputs { uses[output].append(program.instructions.count) }
  }

  func size(_ value: Program.Value) -> Int { program.types[value].byteCount }

  func producer(of value: Program.Value) -> Program.Instruction? {
    definitions[value] < 0 ? nil : program.instructions[definitions[value]]
  }

  /// Whether the value is in memory: what is cheap and used once is computed where it is used.
  private func isHeld(_ value: Program.Value) -> Bool {
    guard let producer = producer(of: value) else { return false }
    return !producer.primitive.isCheapAgain || uses[value].count > 1
  }

  /// The instruction at which most bytes are held.
  var peak: Int {
    var changes = [Int](repeating: 0, count: program.instructions.count + 2)
    for value in program.types.indices where isHeld(value) {
      changes[definitions[value]] += size(value)
      changes[(uses[value].last ?? definitions[value]) + 1] -= size(value)
    }
    var (held, most, place) = (0, 0, 0)
    for index in program.instructions.indices {
      held += changes[index]
      if held > most { (most, place) = (held, index) }
    }
    return place
  }

  /// Values that are made and used up to an instruction, and needed again behind it.
  func heldAcross(_ index: Int) -> [Program.Value] {
    program.types.indices.filter { value in
      guard isHeld(value), definitions[value] < index, let first = uses[value].first,
        let last = uses[value].last
      else { return false }
      return first <= index && last > index && last < program.instructions.count
    }
  }

  func isAlive(_ value: Program.Value, at index: Int) -> Bool {
    definitions[value] < 0 || (definitions[value] < index && (uses[value].last ?? -1) >= index)
  }

  /// Whether the value follows cheaply from values that are there anyway when it is next needed.
  func canComputeAgain(
    _ value: Program.Value, after peak: Int, _ chosen: Set<Program.Value>
  ) -> Bool {
    guard let next = uses[value].first(where: { $0 > peak }) else { return false }
    var count = 0
    var open = [value]
    var seen: Set<Program.Value> = []
    while let needed = open.popLast() {
      guard seen.insert(needed).inserted else { continue }
      if needed != value, !chosen.contains(needed), isAlive(needed, at: next) { continue }
      guard let producer = producer(of: needed), producer.primitive.isCheapAgain else { return false }
      count += 1
      guard count <= Self.longest else { return false }
      open += producer.operands
    }
    return true
  }
}

extension Primitive {
  /// Whether computing the result a second time costs little next to reading its operands.
  fileprivate var isCheapAgain: Bool {
    switch self {
    case .constant, .iota, .unary, .binary, .compare, .select, .cast, .broadcast, .reshape: true
    default: false
    }
  }
}
