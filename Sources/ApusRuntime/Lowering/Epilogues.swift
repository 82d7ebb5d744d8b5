import ApusIR

/// Additions of a bias, and activations, that a matmul or convolution applies on its way out.
struct Epilogues {
  struct Epilogue {
    /// The matmul or convolution.
    var producer: Program.Instruction
    /// One number for each column or channel.
    var bias: Program.Value?
    var activation: Plan.Activation?
  }

  /// By the value that the whole chain computes.
  private(set) var byResult: [Program.Value: Epilogue] = [:]
  /// Values inside a chain, which no one else uses and which need no memory.
  private(set) var inner: Set<Program.Value> = []

  init(_ program: Program, _ capabilities: Lowering.Capabilities) {
    var users = [[Int]](repeating: [], count: program.types.count)
    for (index, instruction) in program.instructions.enumerated() {
      for operand in instruction.operands { users[operand].append(index) }
    }
    for output in program.outputs { users[output].append(-1) }
    var producers = [Int?](repeating: nil, count: program.types.count)
    for (index, instruction) in program.instructions.enumerated() {
      for result in instruction.results { producers[result] = index }
    }

    /// The only user of a value, if there is one.
    func onlyUser(_ value: Program.Value) -> Program.Instruction? {
      guard users[value].count == 1, users[value][0] >= 0 else { return nil }
      return program.instructions[users[value][0]]
    }

    for instruction in program.instructions where capabilities.take(instruction, in: program) {
      if case .convolution(let attributes) = instruction.primitive, attributes.kind != .forward {
        continue
      }
      let value = instruction.result
      guard let addition = onlyUser(value), case .binary(.add) = addition.primitive,
        addition.operands[0] != addition.operands[1]
      else { continue }
      let other = addition.operands[0] == value ? addition.operands[1] : addition.operands[0]
      guard let index = producers[other], case .broadcast = program.instructions[index].primitive
      else { continue }
      let bias = program.instructions[index].operands[0]
      let (width, shape) = (program.types[value].shape.last ?? 0, program.types[bias].shape)
      guard shape.last == width, shape.elementCount == width else { continue }
      byResult[addition.result] = Epilogue(producer: instruction, bias: bias, activation: nil)
      inner.insert(value)
    }
  }
}

extension Lowering.Capabilities {
  /// Whether a library computes this instruction.
  func take(_ instruction: Program.Instruction, in program: Program) -> Bool {
    let type = program.types[instruction.result]
    let isDegenerate = ([instruction.result] + instruction.operands).contains {
      program.types[$0].shape.elementCount == 0
    }
    guard !isDegenerate else { return false }
    switch instruction.primitive {
    case .matmul: return matmul.contains(type.dtype) && type.shape.rank <= 6
    case .convolution(let attributes):
      return convolution.contains(type.dtype) && attributes.spatialRank <= 3
    default: return false
    }
  }
}
