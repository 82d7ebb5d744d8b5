extension Program {
  /// This program with its instructions in the one order that a depth-first walk from the outputs
  /// gives, without dead code and module paths, bodies included.
  ///
  /// Programs of the same structure become equal, whatever order they were written in.
  public func canonicalised() -> Program {
    var producers = [Int](repeating: -1, count: types.count)
    for (index, instruction) in instructions.enumerated() {
      for result in instruction.results { producers[result] = index }
    }
    var canonical = Program(inputs: Array(inputTypes))
    var values = [Value](repeating: -1, count: types.count)
    for input in 0..<inputCount { values[input] = input }
    var visited = [Bool](repeating: false, count: instructions.count)
    var stack: [(index: Int, next: Int)] = []
    for output in outputs where producers[output] >= 0 && !visited[producers[output]] {
      visited[producers[output]] = true
      stack.append((producers[output], 0))
      while let (index, next) = stack.last {
        let instruction = instructions[index]
        if next < instruction.operands.count {
          stack[stack.count - 1].next += 1
          let producer = producers[instruction.operands[next]]
          if producer >= 0, !visited[producer] {
            visited[producer] = true
            stack.append((producer, 0))
          }
        } else {
          let primitive = instruction.primitive
          let results = canonical.append(
            primitive.body.map { primitive.with(body: $0.canonicalised()) } ?? primitive,
            instruction.operands.map { values[$0] }, types: Array(types[instruction.results]))
          for (old, new) in zip(instruction.results, results) { values[old] = new }
          stack.removeLast()
        }
      }
    }
    canonical.outputs = outputs.map { values[$0] }
    return canonical
  }
}
