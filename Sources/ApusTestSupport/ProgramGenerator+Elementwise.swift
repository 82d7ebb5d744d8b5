import ApusIR

extension ProgramGenerator {
  /// Adds an instruction of one kind, and what it needs; nothing where no operand fits.
  mutating func add(_ kind: Primitive.Kind) {
    switch kind {
    case .input, .output: return
    case .constant: addConstant()
    case .iota: addIota()
    case .randomBits: addRandomBits()
    case .unary: addUnary()
    case .binary: addBinary()
    case .compare: addCompare()
    case .select: addSelect()
    case .cast: addCast()
    case .broadcast: addBroadcast()
    case .reshape: addReshape()
    case .transpose: addTranspose()
    case .slice: addSlice()
    case .pad: addPad()
    case .concatenate: addConcatenate()
    case .reverse: addReverse()
    case .reduce: addReduce()
    case .argReduce: addArgReduce()
    case .cumulative: addCumulative()
    case .matmul: addMatmul()
    case .convolution: addConvolution()
    case .windowReduce: addWindowReduce()
    case .windowArgMax: addWindowArgMax()
    case .gather: addGather()
    case .scatter: addScatter()
    case .argSort: addArgSort()
    case .scan: addScan()
    case .call: addCall()
    case .host: addHost()
    case .stopGradient, .barrier: addMarker(kind)
    }
  }

  mutating func addConstant() {
    let type = randomType()
    var number = RandomProgram.value(type.dtype, options, &random)
    if type.dtype.isFloating, random.chance(0.5) {
      number = random.pick([0, 1, -1, 2, 0.5, -0.25, 3])
    }
    _ = constant(.floating(number), type)
  }

  mutating func addIota() {
    var type = randomType()
    if type.shape.rank == 0 { type.shape = [3] }
    if type.dtype == .bool { return }
    let axis = random.int(0...(type.shape.rank - 1))
    let last = Double(max(type.shape[axis] - 1, 0))
    append(.iota(axis: axis, type), [], Fact(lower: 0, upper: last, isExact: true))
  }

  mutating func addRandomBits() {
    guard let key = pick(where: { $0 == TensorType(.i64, [2]) }) else { return }
    let type = TensorType(random.pick([.i32, .i64]), randomShape())
    append(
      .randomBits(type), [key],
      Self.wideFact(type.dtype, Fact(lower: -1e30, upper: 1e30, isExact: true)))
  }

  mutating func addUnary() {
    let op = random.pick(options.unary)
    let jumps = [.sign, .floor, .ceil, .round].contains(op)
    let fits = { (type: TensorType) in op.supports(type.dtype) }
    guard var x = jumps ? pickExact(where: fits) : pick(where: fits) else { return }
    let dtype = type(x).dtype
    guard dtype.isFloating, !options.special else {
      let bound = facts[x].magnitude
      append(
        .unary(op), [x], Self.wideFact(dtype, Fact(lower: -bound - 1, upper: bound, isExact: true)))
      return
    }
    switch op {
    case .exp, .expm1: x = tamed(x, 4)
    case .log, .sqrt, .rsqrt: x = positive(x)
    case .log1p: x = facts[x].lower > -0.75 ? x : positive(x)
    case .sin, .cos: x = tamed(x, 20)
    case .tan: x = tamed(x, 1.2)
    default: break
    }
    let (low, high) = (facts[x].lower, facts[x].upper)
    let isExact = facts[x].isExact
    let bound = facts[x].magnitude
    let fact: Fact
    switch op {
    case .negate: fact = Fact(lower: -high, upper: -low, isExact: isExact)
    case .absolute: fact = Fact(lower: 0, upper: bound, isExact: isExact)
    case .sign: fact = Fact(lower: -1, upper: 1, isExact: true)
    case .floor, .ceil, .round: fact = Fact(lower: -bound - 1, upper: bound + 1, isExact: true)
    case .exp: fact = Fact(lower: 0.01, upper: 55, isExact: false)
    case .expm1: fact = Fact(lower: -1, upper: 55, isExact: false)
    case .log, .log1p: fact = Fact(lower: -2, upper: 5, isExact: false)
    case .sqrt: fact = Fact(lower: 0.5, upper: 8.1, isExact: false)
    case .rsqrt: fact = Fact(lower: 0.1, upper: 2, isExact: false)
    case .tan: fact = Fact(lower: -2.6, upper: 2.6, isExact: false)
    case .atan: fact = Fact(lower: -1.6, upper: 1.6, isExact: false)
    case .sigmoid: fact = Fact(lower: 0, upper: 1, isExact: false)
    case .sin, .cos, .tanh, .erf: fact = Fact(lower: -1, upper: 1, isExact: false)
    case .not: return
    }
    append(.unary(op), [x], fact)
  }

  /// A floating value between 1/4 and 64.
  mutating func positive(_ value: Value) -> Value {
    if options.special || (facts[value].lower >= 0.25 && facts[value].upper <= 64) { return value }
    let half = constant(.floating(0.5), type(value))
    if facts[value].magnitude <= 60 {
      let size = append(
        .unary(.absolute), [value],
        Fact(lower: 0, upper: facts[value].magnitude, isExact: facts[value].isExact))
      return append(
        .binary(.add), [size, half],
        Fact(lower: 0.5, upper: facts[size].upper + 0.5, isExact: false))
    }
    let size = append(.unary(.sigmoid), [value], Fact(lower: 0, upper: 1, isExact: false))
    return append(.binary(.add), [size, half], Fact(lower: 0.5, upper: 1.5, isExact: false))
  }

  /// A second operand of a value's type: equal, related, constant, or anything made to fit.
  mutating func partner(of value: Value) -> Value {
    let target = type(value)
    if random.chance(0.1) { return value }
    if random.chance(0.25) {
      return constant(.floating(RandomProgram.value(target.dtype, options, &random)), target)
    }
    if random.chance(0.8), let same = pick(where: { $0 == target }) { return same }
    guard let other = pick() else { return value }
    return coerced(other, to: target)
  }

  mutating func addBinary() {
    let op = random.pick(options.binary)
    guard var a = pick(where: { op.supports($0.dtype) }) else { return }
    var b = partner(of: a)
    if random.chance(0.3) { swap(&a, &b) }
    let dtype = type(a).dtype
    guard dtype.isFloating, !options.special else {
      append(.binary(op), [a, b], integerFact(op, a, b))
      return
    }
    switch op {
    case .multiply: (a, b) = (tamed(a), tamed(b))
    case .divide, .atan2: (a, b) = (tamed(a), positive(b))
    case .remainder:
      // The quotient is cut off: a jump.
      guard facts[a].isExact, facts[b].isExact else { return }
      b = constant(.floating(random.pick([0.5, 1, 3, -2])), type(a))
    case .power:
      a = positive(tamed(a, 4))
      b =
        random.chance(0.5)
        ? constant(.floating(random.pick([-1, 0, 0.5, 1, 2, 3])), type(a)) : tamed(b, 2)
    default: (a, b) = (tamed(a, 1000), tamed(b, 1000))
    }
    let (x, y) = (facts[a], facts[b])
    let product = x.magnitude * y.magnitude
    let fact: Fact
    switch op {
    case .add: fact = Fact(lower: x.lower + y.lower, upper: x.upper + y.upper, isExact: false)
    case .subtract: fact = Fact(lower: x.lower - y.upper, upper: x.upper - y.lower, isExact: false)
    case .multiply: fact = Fact(lower: -product, upper: product, isExact: false)
    case .divide: fact = Fact(lower: -4 * x.magnitude, upper: 4 * x.magnitude, isExact: false)
    case .remainder: fact = Fact(lower: -y.magnitude, upper: y.magnitude, isExact: true)
    case .power: fact = Fact(lower: 0, upper: 4096, isExact: false)
    case .maximum, .minimum:
      fact = Fact(
        lower: min(x.lower, y.lower), upper: max(x.upper, y.upper), isExact: x.isExact && y.isExact)
    case .atan2: fact = Fact(lower: -3.2, upper: 3.2, isExact: false)
    case .and, .or, .xor, .shiftLeft, .shiftRight: return
    }
    append(.binary(op), [a, b], fact)
  }

  private func integerFact(_ op: Binary, _ a: Value, _ b: Value) -> Fact {
    let (x, y) = (facts[a].magnitude, facts[b].magnitude)
    let bound: Double
    switch op {
    case .add, .subtract: bound = x + y
    case .multiply: bound = x * y
    case .maximum, .minimum, .remainder, .divide: bound = max(x, y)
    default: bound = 1e30
    }
    return Self.wideFact(type(a).dtype, Fact(lower: -bound, upper: bound, isExact: true))
  }

  mutating func addCompare() {
    guard let a = pickExact() else { return }
    var b = partner(of: a)
    if !options.special, !facts[b].isExact { b = constant(.one(type(a).dtype), type(a)) }
    append(
      .compare(random.pick(Comparison.allCases)), [a, b], Fact(lower: 0, upper: 1, isExact: true))
  }

  mutating func addSelect() {
    guard let a = pick() else { return }
    let b = partner(of: a)
    var condition = pick(where: { [shape = shape(a)] in
      $0.dtype == .bool && $0.shape.broadcasts(to: shape)
    })
    if condition == nil {
      let index = append(
        .iota(axis: 0, TensorType(.i32, [max(shape(a).elementCount, 1)])), [],
        Fact(lower: 0, upper: 1000, isExact: true))
      let limit = constant(.integer(Int64(random.int(0...4))), type(index))
      let first = append(.compare(.less), [index, limit], Fact(lower: 0, upper: 1, isExact: true))
      condition = first
    }
    let mask = coerced(condition!, to: TensorType(.bool, shape(a)))
    let (x, y) = (facts[a], facts[b])
    append(
      .select, [mask, a, b],
      Fact(
        lower: min(x.lower, y.lower), upper: max(x.upper, y.upper), isExact: x.isExact && y.isExact)
    )
  }

  mutating func addCast() {
    guard let x = pick() else { return }
    _ = converted(x, to: random.pick(options.dtypes))
  }
}
