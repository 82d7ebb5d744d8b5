import ApusIR
import ApusRuntime

/// A program with what running it needs to know: when each value dies and what memory that takes.
struct Interpreter: Sendable {
  let program: Program
  /// The interpreters of the bodies of scans and calls, by instruction.
  private let bodies: [Int: Interpreter]
  /// For each instruction the values whose memory ends with it.
  private let dying: [[Program.Value]]
  /// The first output that each value is, if it is one: the value is computed in its memory.
  private let outputOf: [Program.Value: Int]
  /// The greatest sum of the intermediate values that live together, those of bodies included.
  let arenaBytes: Int

  init(_ program: Program) {
    self.program = program
    var outputOf: [Program.Value: Int] = [:]
    for (index, value) in program.outputs.enumerated()
    where value >= program.inputCount && outputOf[value] == nil {
      outputOf[value] = index
    }
    self.outputOf = outputOf

    var bodies: [Int: Interpreter] = [:]
    var lastUse: [Program.Value: Int] = [:]
    for (index, instruction) in program.instructions.enumerated() {
      switch instruction.primitive {
      case .scan(let scan): bodies[index] = Interpreter(scan.body)
      case .call(let call): bodies[index] = Interpreter(call.body)
      default: break
      }
      for value in instruction.results where outputOf[value] == nil { lastUse[value] = index }
      for value in instruction.operands where lastUse[value] != nil { lastUse[value] = index }
    }
    var dying = [[Program.Value]](repeating: [], count: program.instructions.count)
    for (value, index) in lastUse { dying[index].append(value) }
    self.bodies = bodies
    self.dying = dying

    var (live, peak) = (0, 0)
    for (index, instruction) in program.instructions.enumerated() {
      for value in instruction.results where outputOf[value] == nil {
        live += program.types[value].byteCount
      }
      var scratch = bodies[index]?.arenaBytes ?? 0
      if case .scan(let scan) = instruction.primitive { scratch += 2 * scan.carriedBytes }
      peak = max(peak, live + scratch)
      for value in dying[index] { live -= program.types[value].byteCount }
    }
    arenaBytes = peak
  }

  /// Computes all outputs. The memory of outputs is distinct from that of inputs.
  func run(
    _ inputs: [UnsafeRawPointer], _ outputs: [UnsafeMutableRawPointer], profiler: Profiler? = nil
  ) throws {
    var memory = [UnsafeRawPointer?](repeating: nil, count: program.types.count)
    for (index, input) in inputs.enumerated() { memory[index] = input }
    var intermediates: [Program.Value: Buffer] = [:]
    for (index, instruction) in program.instructions.enumerated() {
      let results = instruction.results.map { value in
        if let output = outputOf[value] { return outputs[output] }
        let buffer = Buffer(byteCount: program.types[value].byteCount)
        intermediates[value] = buffer
        return buffer.pointer
      }
      let operands = instruction.operands.map { memory[$0]! }
      for (value, pointer) in zip(instruction.results, results) {
        memory[value] = UnsafeRawPointer(pointer)
      }
      let start = profiler == nil ? 0 : monotonicNanoseconds()
      try execute(index, instruction, operands, results)
      if let profiler {
        let (operandTypes, resultTypes) = types(instruction)
        profiler.record(
          name: instruction.primitive.name, start: start, end: monotonicNanoseconds(),
          flops: instruction.primitive.flops(operands: operandTypes, results: resultTypes),
          bytes: instruction.primitive.bytesMoved(operands: operandTypes, results: resultTypes))
      }
      for value in dying[index] { intermediates[value] = nil }
    }
    // Outputs that are inputs, or the same value a second time.
    for (index, value) in program.outputs.enumerated() where outputOf[value] != index {
      outputs[index].copyMemory(
        from: memory[value]!, byteCount: program.types[value].byteCount)
    }
    // Nothing points into these buffers any more; until here they had to live.
    withExtendedLifetime(intermediates) {}
  }

  private func types(
    _ instruction: Program.Instruction
  ) -> (operands: [TensorType], results: [TensorType]) {
    (instruction.operands.map { program.types[$0] }, Array(program.types[instruction.results]))
  }

  private func execute(
    _ index: Int, _ instruction: Program.Instruction, _ operands: [UnsafeRawPointer],
    _ results: [UnsafeMutableRawPointer]
  ) throws {
    switch instruction.primitive {
    case .scan(let scan):
      try bodies[index]!.run(scan, operands: operands, results: results)
    case .call:
      try bodies[index]!.run(operands, results)
    default:
      let (operandTypes, resultTypes) = types(instruction)
      try ReferenceEvaluator().evaluate(
        instruction.primitive, operands: operands, operandTypes: operandTypes, results: results,
        resultTypes: resultTypes)
    }
  }
}
