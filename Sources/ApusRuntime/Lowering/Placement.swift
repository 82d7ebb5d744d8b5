import ApusIR

/// Decides which values of a program get memory of their own and which are computed where they are
/// used.
///
/// A value that is cheap, or used once, is computed inside its user's kernel. A reshape of a value
/// in memory shares its block.
struct Placement {
  let program: Program
  /// For each value the instruction that defines it; nil for inputs.
  private(set) var producer: [Int?]
  /// Whether the value has memory: its own or, for an alias, that of another value.
  private(set) var isStored: [Bool]
  /// The value whose memory a value shares; itself unless it is an alias.
  private(set) var owner: [Program.Value]

  private var uses: [Int]
  /// The instructions that use a value.
  private var users: [[Int]]
  private var required: [Bool]
  /// Used under a broadcast that repeats it many times.
  private var isRepeated: [Bool]
  /// Estimated work and size of the expression where the value is not stored.
  private var weight: [Int]
  private var size: [Int]

  private let epilogues: Epilogues

  init(_ program: Program, _ epilogues: Epilogues, forcing forced: Set<Program.Value> = []) {
    self.program = program
    self.epilogues = epilogues
    let count = program.types.count
    producer = Array(repeating: nil, count: count)
    isStored = Array(repeating: false, count: count)
    owner = Array(0..<count)
    uses = Array(repeating: 0, count: count)
    users = Array(repeating: [], count: count)
    required = Array(repeating: false, count: count)
    isRepeated = Array(repeating: false, count: count)
    weight = Array(repeating: 0, count: count)
    size = Array(repeating: 1, count: count)
    for (index, instruction) in program.instructions.enumerated() {
      for result in instruction.results { producer[result] = index }
    }
    for value in forced { required[value] = true }
    for output in program.outputs { required[output] = true }
    collectDemands()
    for operand in epilogues.operands { demandView(of: operand, allows: { $0.isDense }) }
    decide()
  }

  func definition(of value: Program.Value) -> Program.Instruction? {
    producer[value].map { program.instructions[$0] }
  }

  // MARK: What users demand

  private mutating func collectDemands() {
    for (index, instruction) in program.instructions.enumerated() {
      for operand in instruction.operands {
        uses[operand] += 1
        users[operand].append(index)
      }
      switch instruction.primitive {
      case .matmul:
        for operand in instruction.operands { demandView(of: operand, allows: { $0.isMatrixLike }) }
      case .convolution, .argSort, .host, .scan:
        for operand in instruction.operands { demandView(of: operand, allows: { $0.isDense }) }
      case .gather:
        required[instruction.operands[0]] = true
      case .randomBits:
        required[instruction.operands[0]] = true
      case .scatter where instruction.operands[0] < program.inputCount:
        // What is written into an input may follow from the input's old elements: computed before, it
        // leaves the input's memory to the result.
        required[instruction.operands[2]] = true
      case .windowReduce, .windowArgMax:
        isRepeated[instruction.operands[0]] = true
      case .broadcast:
        let (operand, result) = (instruction.operands[0], instruction.result)
        let growth = program.types[result].shape.elementCount
        if growth >= 4 * Swift.max(program.types[operand].shape.elementCount, 1) {
          isRepeated[operand] = true
        }
      default: break
      }
    }
  }

  /// The operand must be in memory, itself or as a view of what is.
  private mutating func demandView(of value: Program.Value, allows: (Plan.View) -> Bool) {
    if let (base, view) = view(of: value), allows(view) {
      required[base] = true
    } else {
      required[value] = true
    }
  }

  /// The value as a strided view of the first value up the chain that is not mere movement.
  func view(of value: Program.Value) -> (base: Program.Value, view: Plan.View)? {
    let shape = program.types[value].shape
    var indices = shape.indices.map { axis in
      shape[axis] == 1 ? Kernel.Index.constant(0) : .variable(axis)
    }
    var base = value
    walk: while let instruction = definition(of: base) {
      let source = instruction.operands.first ?? base
      switch instruction.primitive {
      case .stopGradient, .barrier: break
      case .reshape, .transpose, .slice, .broadcast:
        guard
          let moved = Movement.operandIndices(
            instruction.primitive, indices, result: program.types[base].shape,
            operand: program.types[source].shape, extents: shape.extents)
        else { break walk }
        indices = moved
      default: break walk
      }
      base = source
    }
    let position = Kernel.Index.linear(indices, in: program.types[base].shape)
    var strides = shape.map { _ in 0 }
    for term in position.terms { strides[term.variable] = term.stride }
    let dense = shape.rowMajorStrides
    for axis in shape.indices where shape[axis] == 1 { strides[axis] = dense[axis] }
    return (base, Plan.View(block: -1, offset: position.offset, shape: shape, strides: strides))
  }

  // MARK: Decision

  private mutating func decide() {
    for value in 0..<program.inputCount { isStored[value] = true }
    for instruction in program.instructions {
      if epilogues.inner.contains(instruction.result) { continue }
      if epilogues.byResult[instruction.result] != nil {
        isStored[instruction.result] = true
        continue
      }
      switch instruction.primitive {
      case .reshape, .stopGradient, .barrier:
        let source = instruction.operands[0]
        if isStored[source] {
          alias(instruction.result, to: source)
        } else {
          inline(instruction)
        }
      case _ where instruction.primitive.isInlinable: inline(instruction)
      default:
        for result in instruction.results { isStored[result] = true }
      }
    }
  }

  private mutating func alias(_ value: Program.Value, to source: Program.Value) {
    isStored[value] = true
    owner[value] = owner[source]
  }

  private mutating func inline(_ instruction: Program.Instruction) {
    let value = instruction.result
    var (work, nodes) = (instruction.primitive.inlineWeight, 1)
    for operand in instruction.operands where !isStored[operand] {
      work += weight[operand]
      nodes += size[operand]
    }
    weight[value] = work
    size[value] = nodes
    let isShared = uses[value] > 1 && work >= 4 && !usesMeet(value)
    let isWasteful = isRepeated[value] && work >= 3
    if required[value] || isShared || isWasteful || nodes > 48 { isStored[value] = true }
  }
}

extension Placement {
  /// How far to follow the uses of a value to where they meet.
  private static let longestWay = 6

  /// Whether all uses of a value come together in one expression, as those of a ReLU's operand in
  /// the comparison and the choice do: computed there it is computed once.
  private func usesMeet(_ value: Program.Value) -> Bool {
    let count = program.types[value].shape.elementCount
    var open = Set(users[value])
    for _ in 0..<Self.longestWay where open.count > 1 {
      guard let next = open.min() else { break }
      let instruction = program.instructions[next]
      guard instruction.primitive.isElementwise, !required[instruction.result],
        program.types[instruction.result].shape.elementCount == count
      else { return false }
      open.remove(next)
      open.formUnion(users[instruction.result])
    }
    return open.count == 1
  }
}

extension Plan.View {
  /// Row-major without gaps.
  package var isDense: Bool {
    let dense = shape.rowMajorStrides
    return shape.indices.allSatisfy { shape[$0] == 1 || strides[$0] == dense[$0] }
  }

  /// Leading axes of any stride, the last two a matrix with unit stride along one axis.
  var isMatrixLike: Bool {
    let rank = shape.rank
    let (rows, columns) = (rank - 2, rank - 1)
    if strides[columns] == 1 || shape[columns] == 1 {
      return strides[rows] >= shape[columns] || shape[rows] == 1
    }
    return (strides[rows] == 1 || shape[rows] == 1) && strides[columns] >= shape[rows]
  }
}

extension Primitive {
  /// Whether a result element is an expression of operand elements, to be computed in any kernel.
  var isInlinable: Bool {
    switch self {
    case .constant, .iota, .randomBits, .unary, .binary, .compare, .select, .cast, .broadcast,
      .reshape, .transpose, .slice, .reverse, .gather, .stopGradient, .barrier:
      true
    case .pad(let padding): padding.interior.allSatisfy { $0 == 0 }
    default: false
    }
  }

  /// Work an element, in additions.
  var inlineWeight: Int {
    switch self {
    case .unary(let op):
      switch op {
      case .negate, .absolute, .sign, .not, .floor, .ceil, .round: 1
      case .sqrt, .rsqrt: 4
      default: 12
      }
    case .binary(let op):
      switch op {
      case .divide, .remainder: 4
      case .power, .atan2: 30
      default: 1
      }
    case .compare, .select, .cast: 1
    case .gather: 4
    case .pad: 2
    case .randomBits: 40
    default: 0
    }
  }
}
