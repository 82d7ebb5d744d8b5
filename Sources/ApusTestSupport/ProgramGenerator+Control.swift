import ApusIR

extension ProgramGenerator {
  /// A loop whose body is made by chance as well.
  mutating func addScan() {
    guard depth < 2 else { return }
    let length = random.chance(0.05) ? 0 : random.int(1...4)
    var roles = (constants: [Value](), carries: [Value](), sequences: [Value]())
    for _ in 0..<random.int(0...2) { if let x = pick() { roles.constants.append(tamed(x, 2)) } }
    for _ in 0..<random.int(0...2) { if let x = pick() { roles.carries.append(tamed(x, 2)) } }
    for _ in 0..<random.int(0...2) {
      guard let x = pick() else { continue }
      var target = type(x)
      target.shape.extents.insert(length, at: 0)
      guard target.shape.elementCount <= 2 * options.maximumElements else { continue }
      roles.sequences.append(tamed(coerced(x, to: target), 2))
    }
    var slices = roles.sequences.map { type($0) }
    for index in slices.indices { slices[index].shape.extents.removeFirst() }
    let carried = roles.carries.map { type($0) }
    let inputs = roles.constants.map { type($0) } + carried + slices
    guard !inputs.isEmpty else { return }

    var inner = body(inputs)
    // A carry goes through all rounds: its bounds must hold after each, and its bits are only as
    // good as the least exact round.
    for (index, _) in carried.enumerated() {
      inner.facts[roles.constants.count + index].isExact = false
    }
    inner.grow(to: random.int(1...6))
    var outputs: [Value] = []
    for (index, type) in carried.enumerated() {
      let source = inner.random.chance(0.2) ? roles.constants.count + index : inner.pick() ?? 0
      outputs.append(inner.tamed(inner.coerced(source, to: type), 2))
    }
    for _ in 0..<random.int((carried.isEmpty ? 1 : 0)...2) {
      if let x = inner.pick(), inner.shape(x).elementCount * length <= 4 * options.maximumElements {
        outputs.append(x)
      }
    }
    guard !outputs.isEmpty else { return }
    inner.program.outputs = outputs
    random = inner.random

    let scan = Scan(
      body: inner.program, length: length, constants: roles.constants.count,
      carries: carried.count, reverse: random.chance(0.5))
    var results: [Fact] = outputs.map { inner.facts[$0] }
    for index in carried.indices {
      let initial = facts[roles.carries[index]]
      results[index].lower = min(results[index].lower, initial.lower)
      results[index].upper = max(results[index].upper, initial.upper)
      results[index].isExact = results[index].isExact && !carried[index].dtype.isFloating
    }
    append(.scan(scan), roles.constants + roles.carries + roles.sequences, results)
  }

  mutating func addCall() {
    guard depth < 2, let x = pick(), let y = pick() else { return }
    let operands = [tamed(x, 2), tamed(y, 2)]
    var inner = body(operands.map { type($0) })
    for index in operands.indices { inner.facts[index].isExact = facts[operands[index]].isExact }
    inner.grow(to: random.int(1...6))
    inner.program.outputs = inner.unusedValues()
    random = inner.random
    let call = Call(name: "block", body: inner.program, rule: .checkpoint)
    append(.call(call), operands, inner.program.outputs.map { inner.facts[$0] })
  }

  /// A generator for a body with inputs of the given types, between -2 and 2 where floating.
  private func body(_ inputs: [TensorType]) -> ProgramGenerator {
    var inner = self
    inner.depth += 1
    inner.start(inputs)
    for index in inputs.indices where inputs[index].dtype.isInteger {
      inner.facts[index] = Self.wideFact(
        inputs[index].dtype, Fact(lower: -1e30, upper: 1e30, isExact: true))
    }
    // An operand is exact only where it was; floating inputs are taken not to be.
    for index in inputs.indices where inputs[index].dtype.isFloating {
      inner.facts[index].isExact = false
    }
    return inner
  }

  private mutating func append(_ primitive: Primitive, _ operands: [Value], _ results: [Fact]) {
    do throws(TensorError) {
      let types = try primitive.infer(operands.map { program.types[$0] })
      program.append(primitive, operands, types: types)
      facts += results
    } catch {
      fatalError("the generator made an instruction that does not fit: \(error)")
    }
  }

  mutating func addHost() {
    guard let x = pick() else { return }
    append(.host(RandomProgram.hostCopy), [x], facts[x])
  }

  mutating func addMarker(_ kind: Primitive.Kind) {
    guard let x = pick() else { return }
    if kind == .stopGradient {
      append(.stopGradient, [x], facts[x])
    } else {
      append(.barrier, [x, pick() ?? x], facts[x])
    }
  }
}

extension RandomProgram {
  /// A host operation that copies its operand.
  static let hostCopy = HostOperation(
    name: "hostCopy", infer: { operands in operands },
    gradient: .none("it is only copied in tests"),
    evaluate: { operands, types, results, _ in
      results[0].copyMemory(from: operands[0], byteCount: types[0].byteCount)
    })
}
