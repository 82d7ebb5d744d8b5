/// A program in two parts: what follows from frozen inputs alone, to be computed once for each set of
/// them, and what is left to do in every run.
///
/// Frozen inputs are those whose values stay the same from run to run, such as the weights of a model
/// that is no longer trained. Reshapes, transposes, slices and broadcasts of frozen values stay in
/// the main part, where they cost nothing or are part of something else.
public struct FrozenSplit: Sendable {
  /// A value that follows from frozen inputs.
  public struct Value: Sendable {
    /// Computes it, as its only output.
    public var program: Program
    /// For each input of that program the input of the whole.
    public var inputs: [Int]

    /// Whether the value is a frozen input itself.
    public var isInput: Bool { program.instructions.isEmpty }
  }

  /// Takes the varying inputs, then the frozen values.
  public var main: Program
  /// For each of the first inputs of `main` the input of the whole.
  public var varying: [Int]
  /// The further inputs of `main`.
  public var values: [Value]

  /// - Parameter frozen: inputs of `program`.
  public init(_ program: Program, frozen: Set<Int>) {
    var splitter = Splitter(program, frozen)
    splitter.mark()
    varying = (0..<program.inputCount).filter { !frozen.contains($0) }
    values = splitter.frontier.map { splitter.value($0) }
    main = splitter.main(varying)
  }
}

private struct Splitter {
  private let program: Program
  private let producers: [Int]
  /// Whether a value follows from frozen inputs, and from nothing else but constants.
  private var isFrozen: [Bool]
  /// Instructions of the main part.
  private var isMain: [Bool]
  /// Frozen values that the main part needs, in order.
  private(set) var frontier: [Program.Value] = []

  init(_ program: Program, _ frozen: Set<Int>) {
    self.program = program
    var producers = [Int](repeating: -1, count: program.types.count)
    var isFrozen = [Bool](repeating: false, count: program.types.count)
    var isKnown = isFrozen
    for input in frozen { (isFrozen[input], isKnown[input]) = (true, true) }
    for (index, instruction) in program.instructions.enumerated() {
      let known = instruction.operands.allSatisfy { isKnown[$0] }
      let follows = known && instruction.operands.contains { isFrozen[$0] }
      for result in instruction.results {
        producers[result] = index
        (isFrozen[result], isKnown[result]) = (follows, known)
      }
    }
    self.producers = producers
    self.isFrozen = isFrozen
    isMain = [Bool](repeating: false, count: program.instructions.count)
  }

  /// Finds the main part and what it needs of the other.
  mutating func mark() {
    var isNeeded = [Bool](repeating: false, count: program.types.count)
    for output in program.outputs { isNeeded[output] = true }
    for (index, instruction) in program.instructions.enumerated().reversed() {
      guard isNeeded[instruction.results].contains(true) else { continue }
      let isFrontier = isFrozen[instruction.result] && !instruction.primitive.isMovement
      guard !isFrontier else { continue }
      isMain[index] = true
      for operand in instruction.operands { isNeeded[operand] = true }
    }
    frontier = program.types.indices.filter { value in
      isNeeded[value] && isFrozen[value] && (producers[value] < 0 || !isMain[producers[value]])
    }
  }

  /// The part that computes one frozen value.
  func value(_ value: Program.Value) -> FrozenSplit.Value {
    var isNeeded = [Bool](repeating: false, count: program.types.count)
    isNeeded[value] = true
    for instruction in program.instructions.reversed()
    where isNeeded[instruction.results].contains(true) {
      for operand in instruction.operands { isNeeded[operand] = true }
    }
    let inputs = (0..<program.inputCount).filter { isNeeded[$0] }
    let instructions = program.instructions.filter { isNeeded[$0.results].contains(true) }
    return FrozenSplit.Value(
      program: part(inputs: inputs, instructions, outputs: [value]), inputs: inputs)
  }

  func main(_ varying: [Int]) -> Program {
    let instructions = zip(program.instructions, isMain).filter(\.1).map(\.0)
    return part(inputs: varying + frontier, instructions, outputs: program.outputs)
  }

  private func part(
    inputs: [Program.Value], _ instructions: [Program.Instruction], outputs: [Program.Value]
  ) -> Program {
    var part = Program(inputs: inputs.map { program.types[$0] })
    var places = [Program.Value](repeating: -1, count: program.types.count)
    for (index, input) in inputs.enumerated() { places[input] = index }
    for instruction in instructions {
      let results = part.append(
        instruction.primitive, instruction.operands.map { places[$0] },
        types: Array(program.types[instruction.results]), module: instruction.module)
      for (old, new) in zip(instruction.results, results) { places[old] = new }
    }
    part.outputs = outputs.map { places[$0] }
    return part
  }
}

extension Primitive {
  /// Whether the elements of the result are those of the operand in another arrangement.
  fileprivate var isMovement: Bool {
    switch self {
    case .reshape, .transpose, .slice, .broadcast, .stopGradient, .barrier: true
    default: false
    }
  }
}
