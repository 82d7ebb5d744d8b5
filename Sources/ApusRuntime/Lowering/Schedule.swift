import ApusIR

/// The order in which the instructions of a program run.
///
/// What little depends on comes first: in a training step the update of the last layer's weights
/// stands right behind their gradient, while it and the activations are in the cache, and both give
/// their memory back before the next layer's turn.
enum Schedule {
  /// The program with its instructions in another order.
  ///
  /// - Parameter donated: inputs whose memory an output may take over: what updates one comes after
  ///   everything else that reads it.
  static func ordered(_ program: Program, donated: Set<Int>) -> Program {
    let graph = Dependencies(program, donated: donated)
    var order: [Int] = []
    order.reserveCapacity(program.instructions.count)
    var state = [State](repeating: .new, count: program.instructions.count)
    let roots = program.outputs.compactMap { graph.producers[$0] }
    let first = roots.sorted { (graph.height[$0], $0) < (graph.height[$1], $1) }
    // What no output needs stays, behind the rest.
    for root in first + Array(program.instructions.indices) {
      guard visit(root, graph, &state, &order) else { return program }
    }
    return program.reordered(order)
  }

  private enum State { case new, open, done }

  /// Appends an instruction behind everything it waits for. With a stack of its own: programs are
  /// deep.
  ///
  /// - Returns: false where two wait for each other.
  private static func visit(
    _ root: Int, _ graph: Dependencies, _ state: inout [State], _ order: inout [Int]
  ) -> Bool {
    var stack = [root]
    while let index = stack.last {
      switch state[index] {
      case .done: stack.removeLast()
      case .new:
        state[index] = .open
        let operands = graph.operands(of: index)
        if operands.contains(where: { state[$0] == .open }) { return false }
        // An open one among the readers waits for this one: it cannot come first.
        let readers = graph.readers[index, default: []].filter { state[$0] == .new }
        stack += readers + operands.reversed().filter { state[$0] == .new }
      case .open:
        stack.removeLast()
        state[index] = .done
        order.append(index)
      }
    }
    return true
  }
}

/// What each instruction of a program waits for.
private struct Dependencies {
  let program: Program
  /// For each value the instruction that defines it; nil for inputs.
  private(set) var producers: [Int?]
  /// The longest way from an input to each instruction.
  private(set) var height: [Int]
  /// For an instruction that updates a donated input, the others that read that input.
  private(set) var readers: [Int: [Int]] = [:]

  init(_ program: Program, donated: Set<Int>) {
    self.program = program
    producers = [Int?](repeating: nil, count: program.types.count)
    height = []
    var users = [[Int]](repeating: [], count: program.types.count)
    for (index, instruction) in program.instructions.enumerated() {
      for result in instruction.results { producers[result] = index }
      let below = instruction.operands.compactMap { producers[$0] }.map { height[$0] }.max() ?? -1
      height.append(below + 1)
      for operand in instruction.operands { users[operand].append(index) }
    }
    for output in Set(program.outputs) {
      guard let index = producers[output] else { continue }
      var waits: Set<Int> = []
      for input in updatedInputs(output) where donated.contains(input) {
        waits.formUnion(readers(of: input, users))
      }
      waits.remove(index)
      if waits.isEmpty { continue }
      waits.subtract(followers(of: index, users))
      readers[index] = waits.sorted()
    }
  }

  func operands(of index: Int) -> [Int] {
    program.instructions[index].operands.compactMap { producers[$0] }
  }

  /// Instructions that read a value, in memory or as part of what is computed where it is used.
  private func readers(of value: Program.Value, _ users: [[Int]]) -> Set<Int> {
    var found: Set<Int> = []
    var open = users[value]
    while let next = open.popLast(), found.count < 64 {
      guard found.insert(next).inserted else { continue }
      let instruction = program.instructions[next]
      if instruction.primitive.isInlinable { open += users[instruction.result] }
    }
    return found
  }

  /// Instructions that use the result of one, directly or not.
  private func followers(of index: Int, _ users: [[Int]]) -> Set<Int> {
    func direct(_ index: Int) -> [Int] { program.instructions[index].results.flatMap { users[$0] } }
    var found: Set<Int> = []
    var open = direct(index)
    while let next = open.popLast() {
      if found.insert(next).inserted { open += direct(next) }
    }
    return found
  }

  /// Inputs of the value's type that it is an elementwise function of, or that it changes places of.
  private func updatedInputs(_ value: Program.Value) -> Set<Program.Value> {
    var found: Set<Program.Value> = []
    var seen: Set<Program.Value> = []
    var open = [value]
    while let next = open.popLast(), seen.count < 64 {
      guard seen.insert(next).inserted else { continue }
      guard let index = producers[next] else {
        if program.types[next] == program.types[value] { found.insert(next) }
        continue
      }
      let instruction = program.instructions[index]
      if instruction.primitive.isElementwise { open += instruction.operands }
      if case .scatter = instruction.primitive { open.append(instruction.operands[0]) }
    }
    return found
  }
}

extension Program {
  /// The same instructions in another order, in which each still stands behind its operands'.
  fileprivate func reordered(_ order: [Int]) -> Program {
    var result = Program(inputs: Array(inputTypes))
    var names = Array(0..<types.count)
    for index in order {
      let instruction = instructions[index]
      let results = result.append(
        instruction.primitive, instruction.operands.map { names[$0] },
        types: Array(types[instruction.results]), module: instruction.module)
      for (old, new) in zip(instruction.results, results) { names[old] = new }
    }
    result.outputs = outputs.map { names[$0] }
    return result
  }
}
