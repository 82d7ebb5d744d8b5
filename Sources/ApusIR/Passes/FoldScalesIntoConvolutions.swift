/// Lets a convolution with frozen weights take over what scales and shifts its channels afterwards by
/// frozen numbers, as batch norm does in inference: `conv(x, W) · s + b` becomes
/// `conv(x, W · s) + b`, of which the product of weights and scales is frozen too.
///
/// Products are rounded in another order, so results differ in the last places.
public enum FoldScalesIntoConvolutions {
  /// The rewritten program, or nil where there was nothing to do.
  ///
  /// - Parameter frozen: inputs whose values stay the same from run to run.
  public static func rewrite(_ program: Program, frozen: Set<Int>) -> Program? {
    let chains = Chains(program, frozen)
    var rewriter = ProgramRewriter(program)
    for instruction in program.instructions {
      if let chain = chains.byResult[instruction.result] {
        rewriter.replace(instruction.result, with: chain.folded(in: &rewriter))
      } else {
        rewriter.keep(instruction)
      }
    }
    return rewriter.finish().map(EliminateDeadCode.run)
  }

  /// A convolution and the operations on its channels that follow.
  fileprivate struct Chain {
    struct Link {
      var op: Binary
      /// One number for each channel.
      var numbers: Program.Value
      /// Whether the numbers are the left operand.
      var isReversed: Bool
    }
    var convolution: Program.Instruction
    var links: [Link]
  }
}

private struct Chains {
  private(set) var byResult: [Program.Value: FoldScalesIntoConvolutions.Chain] = [:]

  private let program: Program
  private let isFrozen: [Bool]
  private let producers: [Int?]
  private let users: [[Int]]

  init(_ program: Program, _ frozen: Set<Int>) {
    self.program = program
    var isFrozen = (0..<program.types.count).map { frozen.contains($0) }
    var producers = [Int?](repeating: nil, count: program.types.count)
    var users = [[Int]](repeating: [], count: program.types.count)
    for (index, instruction) in program.instructions.enumerated() {
      for operand in instruction.operands { users[operand].append(index) }
      // Constants are frozen as well.
      let follows = instruction.operands.allSatisfy { isFrozen[$0] }
      for result in instruction.results { (isFrozen[result], producers[result]) = (follows, index) }
    }
    for output in program.outputs { users[output].append(-1) }
    (self.isFrozen, self.producers, self.users) = (isFrozen, producers, users)
    for instruction in program.instructions { collect(from: instruction) }
  }

  private mutating func collect(from instruction: Program.Instruction) {
    guard case .convolution(let attributes) = instruction.primitive, attributes.kind == .forward,
      isFrozen[instruction.operands[1]], !isFrozen[instruction.operands[0]],
      [.f32, .f64].contains(program.types[instruction.result].dtype)
    else { return }
    var chain = FoldScalesIntoConvolutions.Chain(convolution: instruction, links: [])
    var value = instruction.result
    while let (link, next) = link(after: value) {
      chain.links.append(link)
      value = next
    }
    let scales = chain.links.contains { $0.op == .multiply || $0.op == .divide }
    if scales { byResult[value] = chain }
  }

  /// The only use of a value, where it combines each channel with a frozen number.
  private func link(
    after value: Program.Value
  ) -> (link: FoldScalesIntoConvolutions.Chain.Link, result: Program.Value)? {
    guard users[value].count == 1, users[value][0] >= 0 else { return nil }
    let user = program.instructions[users[value][0]]
    guard case .binary(let op) = user.primitive, [.add, .subtract, .multiply, .divide].contains(op)
    else { return nil }
    let isReversed = user.operands[1] == value
    guard !(op == .divide && isReversed) else { return nil }
    let other = user.operands[isReversed ? 0 : 1]
    guard let index = producers[other], case .broadcast = program.instructions[index].primitive
    else { return nil }
    let numbers = program.instructions[index].operands[0]
    let (shape, channels) = (program.types[numbers].shape, program.types[value].shape.last ?? 0)
    guard isFrozen[numbers], shape.last == channels, shape.elementCount == channels else {
      return nil
    }
    return (.init(op: op, numbers: numbers, isReversed: isReversed), user.result)
  }
}

extension FoldScalesIntoConvolutions.Chain {
  /// Writes the convolution with scaled weights and the shift of its channels.
  fileprivate func folded(in rewriter: inout ProgramRewriter) -> Program.Value {
    let type = rewriter.source.types[convolution.result]
    let channels = type.shape.last ?? 0
    let module = convolution.module
    let vector = TensorType(type.dtype, [channels])
    func binary(_ op: Binary, _ a: Program.Value, _ b: Program.Value) -> Program.Value {
      rewriter.emit(.binary(op), [a, b], module: module)
    }
    var scale: Program.Value?
    var shift: Program.Value?
    for link in links {
      var numbers = rewriter[link.numbers]
      if rewriter.shape(numbers) != vector.shape {
        numbers = rewriter.emit(.reshape(vector.shape), [numbers], module: module)
      }
      switch link.op {
      case .multiply, .divide:
        let one = link.op == .multiply ? nil : rewriter.emitConstant(.one(type.dtype), vector, module: module)
        scale = scale.map { binary(link.op, $0, numbers) } ?? one.map { binary(.divide, $0, numbers) } ?? numbers
        shift = shift.map { binary(link.op, $0, numbers) }
      case .subtract where link.isReversed:
        scale = scale.map { rewriter.emit(.unary(.negate), [$0], module: module) }
          ?? rewriter.emitConstant(.integer(-1), vector, module: module)
        shift = shift.map { binary(.subtract, numbers, $0) } ?? numbers
      case .subtract:
        shift = shift.map { binary(.subtract, $0, numbers) }
          ?? rewriter.emit(.unary(.negate), [numbers], module: module)
      default:
        shift = shift.map { binary(.add, $0, numbers) } ?? numbers
      }
    }
    let weights = rewriter[convolution.operands[1]]
    let shape = rewriter.shape(weights)
    var result = rewriter[convolution.operands[0]]
    var factors = weights
    if let scale {
      let column = Shape([channels] + shape.dropFirst().map { _ in 1 })
      let rows = rewriter.emit(.reshape(column), [scale], module: module)
      let all = rewriter.emit(.broadcast(shape), [rows], module: module)
      factors = binary(.multiply, weights, all)
    }
    result = rewriter.emit(convolution.primitive, [result, factors], module: module)
    guard let shift else { return result }
    let everywhere = rewriter.emit(.broadcast(type.shape), [shift], module: module)
    return binary(.add, result, everywhere)
  }
}
