import ApusIR

/// The operations behind one product that it can apply itself, found one after the other.
struct EpilogueChain {
  private let producer: Program.Instruction
  private let uses: ValueUses
  private var bias: Program.Value?
  private var postOps: [Epilogues.PostOp] = []
  /// The end of the chain so far, and of reshapes behind it.
  private var value: Program.Value
  private var passed: [Program.Value] = []
  /// What the chain computes.
  private(set) var result: Program.Value
  /// Values before the result.
  private(set) var inner: [Program.Value] = []
  /// The movements so far, also those behind the result.
  private var movements: [Program.Instruction] = []
  private var target: Epilogues.Target?

  private static let limit = 4

  init(_ producer: Program.Instruction, _ uses: ValueUses) {
    self.producer = producer
    self.uses = uses
    value = producer.result
    result = producer.result
  }

  private var isMatmul: Bool { if case .matmul = producer.primitive { true } else { false } }

  /// nil where the product stands alone.
  var epilogue: Epilogues.Epilogue? {
    guard bias != nil || !postOps.isEmpty || target != nil else { return nil }
    return Epilogues.Epilogue(producer: producer, bias: bias, postOps: postOps, target: target)
  }

  /// Takes in the next operation.
  ///
  /// - Parameter isTaken: whether a value belongs to another chain already.
  /// - Returns: whether there was one.
  mutating func extend(isTaken: (Program.Value) -> Bool) -> Bool {
    guard let users = uses.users(value), let user = users.first, postOps.count < Self.limit else {
      return false
    }
    if users.count == 1 {
      switch user.primitive {
      case .reshape, .stopGradient:
        passed.append(value)
        movements.append(user)
        value = user.result
        return true
      case .cast(.f32) where isMatmul && uses.program.types[value].dtype == .bf16:
        // What is added in f32 makes the result f32.
        passed.append(value)
        value = user.result
        return true
      case .binary(.add):
        guard !isTaken(user.result), takeAddition(user, isTaken: isTaken) else { return false }
        advance(over: [], to: user.result)
        return true
      default: return false
      }
    }
    guard let (activation, between, end) = activation(of: users) else { return false }
    postOps.append(.activation(activation))
    advance(over: between, to: end)
    return true
  }

  private mutating func advance(over between: [Program.Value], to end: Program.Value) {
    inner += passed + [value] + between
    passed = []
    value = end
    result = end
  }

  private mutating func takeAddition(
    _ addition: Program.Instruction, isTaken: (Program.Value) -> Bool
  ) -> Bool {
    guard addition.operands[0] != addition.operands[1] else { return false }
    let other = addition.operands[addition.operands[0] == value ? 1 : 0]
    if let vector = columnVector(other) {
      // A sum may be taken in another order, but not around an activation.
      let hasActivation = postOps.contains { if case .activation = $0 { true } else { false } }
      guard bias == nil, !hasActivation else { return false }
      bias = vector
      return true
    }
    guard isTaken(other) || uses.deservesMemory(other) else { return false }
    postOps.append(.add(other))
    return true
  }

  /// The vector of which a value holds one number for each column or channel.
  private func columnVector(_ value: Program.Value) -> Program.Value? {
    let shape = uses.program.types[self.value].shape
    let width = uses.program.types[producer.result].shape.last
    guard shape.last == width, let instruction = uses.producer(value),
      case .broadcast = instruction.primitive
    else { return nil }
    let vector = instruction.operands[0]
    let source = uses.program.types[vector].shape
    return source.last == width && source.elementCount == width ? vector : nil
  }

  // MARK: Where it goes

  /// Follows transpositions and reshapes to the value or concatenation that the product can be
  /// written to with strides. Rows stay whole.
  mutating func findTarget() {
    guard isMatmul else { return }
    let shape = uses.program.types[producer.result].shape
    guard shape[shape.rank - 1] >= 16 else { return }
    var best: (Epilogues.Target, result: Program.Value, inner: [Program.Value])?
    var hasTransposed = false
    while let user = onlyUser(value) {
      switch user.primitive {
      case .reshape, .stopGradient: break
      case .transpose: hasTransposed = true
      case .concatenate(let axis):
        guard user.operands.count(where: { $0 == value }) == 1,
          let target = target(in: user, axis: axis)
        else { break }
        best = (target, value, inner + passed)
      default: break
      }
      guard user.primitive.isMovement else { break }
      passed.append(value)
      movements.append(user)
      value = user.result
      if hasTransposed, let strides = strides(in: uses.program.types[value].shape) {
        let target = Epilogues.Target(value: value, offset: 0, strides: strides.strides)
        best = (target, value, inner + passed)
      }
    }
    guard let best else { return }
    (target, result, inner) = (best.0, best.result, best.inner)
  }

  /// The place of the product's elements in a dense tensor that it was moved to.
  private func strides(in shape: Shape, shift: (axis: Int, by: Int)? = nil) -> (offset: Int, strides: [Int])? {
    let own = uses.program.types[producer.result].shape
    var indices = KernelGroup.identity(own)
    for movement in movements {
      let from = uses.program.types[movement.operands[0]].shape
      let to = uses.program.types[movement.result].shape
      switch movement.primitive {
      case .transpose(let permutation): indices = permutation.map { indices[$0] }
      case .reshape:
        guard
          let moved = Kernel.Index.reshaping(indices, from: from, to: to, extents: own.extents)
        else { return nil }
        indices = moved
      default: break
      }
    }
    if let shift { indices[shift.axis] = indices[shift.axis] + .constant(shift.by) }
    let position = Kernel.Index.linear(indices, in: shape)
    var strides = own.map { _ in 0 }
    for term in position.terms { strides[term.variable] = term.stride }
    // Axes of one element have any stride; rows must be whole.
    let dense = own.rowMajorStrides
    for axis in own.indices where own[axis] == 1 { strides[axis] = dense[axis] }
    guard strides[own.rank - 1] == 1 else { return nil }
    return (position.offset, strides)
  }

  private func target(in whole: Program.Instruction, axis: Int) -> Epilogues.Target? {
    var start = 0
    for operand in whole.operands {
      if operand == value { break }
      start += uses.program.types[operand].shape[axis]
    }
    let shape = uses.program.types[whole.result].shape
    guard let place = strides(in: shape, shift: (axis, start)) else { return nil }
    return Epilogues.Target(value: whole.result, offset: place.offset, strides: place.strides)
  }

  // MARK: Activations

  private typealias Match = (Plan.Activation, between: [Program.Value], end: Program.Value)

  /// The activation that all the users of the chain's value together are.
  private func activation(of users: [Program.Instruction]) -> Match? {
    guard users.count == 2, isDeep else { return nil }
    return relu(users) ?? gelu(users)
  }

  /// Whether the sums behind a convolution's results outweigh an activation, which costs the library an
  /// exponential; those of an image's first convolution do not. The kernels that read the results
  /// apply it more cheaply.
  private var isDeep: Bool {
    guard case .convolution = producer.primitive else { return true }
    let kernel = uses.program.types[producer.operands[1]].shape
    return kernel.dropFirst().reduce(1, *) >= 64
  }

  /// `select(x <= 0, 0, x)`
  private func relu(_ users: [Program.Instruction]) -> Match? {
    guard let test = users.first(where: { $0.primitive == .compare(.lessEqual) }),
      let choice = users.first(where: { $0.primitive == .select }),
      test.operands[0] == value, uses.constant(test.operands[1]) == 0,
      choice.operands[0] == test.result, choice.operands[2] == value,
      uses.constant(choice.operands[1]) == 0, uses.users(test.result)?.count == 1
    else { return nil }
    return (.relu, [test.result], choice.result)
  }

  /// `(x · 0.5) · (erf(x · √0.5) + 1)`, in f32.
  private func gelu(_ users: [Program.Instruction]) -> Match? {
    guard uses.program.types[producer.result].dtype == .f32 else { return nil }
    var scaled: [(factor: Double, result: Program.Value)] = []
    for user in users {
      guard user.primitive == .binary(.multiply),
        let factor = user.operands.lazy.compactMap({ uses.constant($0) }).first
      else { return nil }
      scaled.append((factor, user.result))
    }
    guard let half = scaled.first(where: { $0.factor == 0.5 }),
      let inner = scaled.first(where: { abs($0.factor - 0.5.squareRoot()) < 1e-7 }),
      let erf = onlyUser(inner.result), erf.primitive == .unary(.erf),
      let sum = onlyUser(erf.result), sum.primitive == .binary(.add),
      sum.operands.contains(where: { uses.constant($0) == 1 }),
      let product = onlyUser(sum.result), product.primitive == .binary(.multiply),
      let other = onlyUser(half.result), other.result == product.result
    else { return nil }
    return (.gelu, [half.result, inner.result, erf.result, sum.result], product.result)
  }

  private func onlyUser(_ value: Program.Value) -> Program.Instruction? {
    guard let users = uses.users(value), users.count == 1 else { return nil }
    return users[0]
  }
}

extension Primitive {
  /// Whether each element of the operand is one of the result, in another place perhaps.
  fileprivate var isMovement: Bool {
    switch self {
    case .reshape, .stopGradient, .transpose: true
    default: false
    }
  }
}
