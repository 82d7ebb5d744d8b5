import ApusIR

/// What a matmul or convolution applies to its result on the way out: a bias, additions of other
/// tensors, activations; and where it writes it: transposed, or into its part of a concatenation.
///
/// A chain starts at the product and follows the only user of each value. Reshapes inside it cost
/// nothing. 16-bit products are rounded once, at the end of the chain.
struct Epilogues {
  struct Epilogue {
    /// The matmul or convolution.
    var producer: Program.Instruction
    /// One number for each column or channel; comes first.
    var bias: Program.Value?
    var postOps: [PostOp] = []
    /// nil where the result lies in memory in the product's own order.
    var target: Target?
  }

  /// Where the elements of a product go that is not written in order.
  struct Target {
    /// The value whose memory holds them.
    var value: Program.Value
    /// The place of the product's first element, and the strides of its axes.
    var offset: Int
    var strides: [Int]
  }

  enum PostOp {
    /// Adds a tensor of the product's size.
    case add(Program.Value)
    case activation(Plan.Activation)
  }

  /// By the value that the whole chain computes.
  private(set) var byResult: [Program.Value: Epilogue] = [:]
  /// Values inside a chain, which no one else uses and which need no memory.
  private(set) var inner: Set<Program.Value> = []
  /// For results of chains that are written into a concatenation, that one.
  private(set) var placed: [Program.Value: Program.Value] = [:]

  init(_ program: Program, _ capabilities: Lowering.Capabilities) {
    let uses = ValueUses(program)
    for instruction in program.instructions where capabilities.take(instruction, in: program) {
      if case .convolution(let attributes) = instruction.primitive, attributes.kind != .forward {
        continue
      }
      var chain = EpilogueChain(instruction, uses)
      while chain.extend(isTaken: { byResult[$0] != nil || inner.contains($0) }) {}
      chain.findTarget()
      guard let epilogue = chain.epilogue else { continue }
      byResult[chain.result] = epilogue
      inner.formUnion(chain.inner)
      if let whole = epilogue.target?.value, whole != chain.result { placed[chain.result] = whole }
    }
  }

  /// Values that must be in memory before a product starts.
  var operands: [Program.Value] {
    byResult.values.flatMap { epilogue in
      let added = epilogue.postOps.compactMap { op -> Program.Value? in
        if case .add(let value) = op { value } else { nil }
      }
      return added + (epilogue.bias.map { [$0] } ?? [])
    }
  }
}

/// Who makes and who uses each value of a program.
struct ValueUses {
  let program: Program
  private let users: [[Int]]
  private let producers: [Int?]

  init(_ program: Program) {
    self.program = program
    var users = [[Int]](repeating: [], count: program.types.count)
    var producers = [Int?](repeating: nil, count: program.types.count)
    for (index, instruction) in program.instructions.enumerated() {
      for operand in instruction.operands { users[operand].append(index) }
      for result in instruction.results { producers[result] = index }
    }
    for output in program.outputs { users[output].append(-1) }
    self.users = users
    self.producers = producers
  }

  func producer(_ value: Program.Value) -> Program.Instruction? {
    producers[value].map { program.instructions[$0] }
  }

  func count(_ value: Program.Value) -> Int { users[value].count }

  /// The instructions that use a value, one entry for each use; nil where it is an output.
  func users(_ value: Program.Value) -> [Program.Instruction]? {
    users[value].contains(-1) ? nil : users[value].map { program.instructions[$0] }
  }

  /// The number in every element of a value, where it is a constant.
  func constant(_ value: Program.Value) -> Double? {
    guard let producer = producer(value), case .constant(let scalar, _) = producer.primitive else {
      return nil
    }
    return scalar.double
  }

  /// Whether a value is in memory in any case, or is used again, so that memory pays: a residual.
  func deservesMemory(_ value: Program.Value) -> Bool {
    guard let producer = producer(value) else { return true }
    switch producer.primitive {
    case .constant, .iota, .broadcast: return false
    case .reshape, .stopGradient: return deservesMemory(producer.operands[0])
    default: return !producer.primitive.isInlinable || count(value) > 1
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
