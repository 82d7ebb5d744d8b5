import ApusIR

extension ProgramGenerator {
  /// A reduction the dtype has, and an operand whose result stays in bounds.
  private mutating func reducible(count: (Shape) -> Int) -> (op: Reduction, x: Value, fact: Fact)? {
    guard var x = pick(where: { $0.shape.rank > 0 }) else { return nil }
    let dtype = type(x).dtype
    let op: Reduction =
      dtype == .bool ? random.pick([.maximum, .minimum]) : random.pick(Reduction.allCases)
    if op == .sum { x = tamed(x) }
    if op == .product { x = tamed(x, 1) }
    return (op, x, reduced(op, x, count: count(shape(x))))
  }

  private func reduced(_ op: Reduction, _ x: Value, count: Int) -> Fact {
    var fact = facts[x]
    let dtype = type(x).dtype
    switch op {
    case .sum:
      return computed(dtype, min(fact.lower, 0) * Double(count), max(fact.upper, 0) * Double(count))
    case .product:
      return dtype.isFloating
        ? Fact(lower: -1, upper: 1, isExact: false) : computed(dtype, -1e30, 1e30)
    case .maximum, .minimum:
      let identity = op.identity(dtype).double
      if count == 0 {
        (fact.lower, fact.upper) = (min(fact.lower, identity), max(fact.upper, identity))
      }
      return fact
    }
  }

  mutating func addReduce() {
    var axes: [Int] = []
    guard let (op, x, _) = reducible(count: { _ in 1 }) else { return }
    for axis in shape(x).indices where random.chance(0.5) { axes.append(axis) }
    if random.chance(0.1) { axes.reverse() }
    let count = axes.reduce(1) { $0 * shape(x)[$1] }
    if count == 0, op != .sum, !options.special { return }
    append(.reduce(op, axes: axes), [x], reduced(op, x, count: count))
  }

  mutating func addArgReduce() {
    guard let x = pickExact(where: { $0.shape.contains { $0 > 0 } }) else { return }
    let axis = random.pick(shape(x).indices.filter { shape(x)[$0] > 0 })
    append(
      .argReduce(random.pick(ArgReduction.allCases), axis: axis), [x],
      Fact(lower: 0, upper: Double(shape(x)[axis]), isExact: true))
  }

  mutating func addCumulative() {
    guard let (op, x, fact) = reducible(count: { $0.max() ?? 1 }), shape(x).elementCount > 0 else {
      return
    }
    let axis = random.int(0...(shape(x).rank - 1))
    append(.cumulative(op, axis: axis, reverse: random.chance(0.5)), [x], fact)
  }

  mutating func addArgSort() {
    guard let x = pickExact(where: { $0.shape.rank > 0 }) else { return }
    let axis = random.int(0...(shape(x).rank - 1))
    let count = random.int(0...shape(x)[axis])
    append(
      .argSort(axis: axis, descending: random.chance(0.5), count: count), [x],
      Fact(lower: 0, upper: Double(shape(x)[axis]), isExact: true))
  }

  // MARK: - Contractions and windows

  mutating func addMatmul() {
    guard var a = pick(where: { $0.shape.rank >= 2 && $0.dtype != .bool }) else { return }
    a = tamed(a, 8)
    let rank = shape(a).rank
    let (transposeA, transposeB) = (random.chance(0.5), random.chance(0.5))
    let inner = shape(a)[transposeA ? rank - 2 : rank - 1]
    let batch = Array(shape(a).dropLast(2))
    let rows = shape(a)[transposeA ? rank - 1 : rank - 2]
    var columns = random.pick([1, 2, 3, 5, 8])
    if batch.reduce(rows * columns, *) > options.maximumElements { columns = 1 }
    let matrix = transposeB ? [columns, inner] : [inner, columns]
    guard let other = pick(where: { $0.dtype != .bool }) else { return }
    let target = TensorType(type(a).dtype, Shape(random.chance(0.5) ? matrix : batch + matrix))
    guard target.shape.elementCount <= 4 * options.maximumElements else { return }
    var b = tamed(coerced(other, to: target), 8)
    if shape(b).rank < rank { b = append(.broadcast(Shape(batch + matrix)), [b], facts[b]) }
    let bound = facts[a].magnitude * facts[b].magnitude * Double(inner)
    append(
      .matmul(transposeA: transposeA, transposeB: transposeB), [a, b],
      computed(type(a).dtype, -bound, bound))
  }

  mutating func addConvolution() {
    let floating = options.dtypes.filter(\.isFloating)
    guard !floating.isEmpty, let first = pick(), let second = pick() else { return }
    let dtype = random.pick(floating)
    let rank = random.pick([1, 1, 2, 2, 3])
    let groups = random.pick([1, 1, 2])
    var c = Convolution(strides: [], dilations: [], low: [], high: [], groups: groups)
    var (input, kernel, output) = ([random.int(1...2)], [random.int(1...2) * groups], [Int]())
    kernel.append(random.int(1...2))
    for axis in 0..<rank {
      c.strides.append(random.pick([1, 1, 2]))
      c.dilations.append(random.pick([1, 1, 2]))
      c.low.append(random.pick([0, 1]))
      c.high.append(random.pick([0, 1, 2]))
      let extent = random.int(1...3)
      kernel.append(extent)
      input.append(c.dilations[axis] * (extent - 1) + 1 + random.int(0...3))
      output.append(c.outputExtent(axis, input: input[axis + 1], kernel: extent))
    }
    let spatial = Array(input.dropFirst())
    input.append(kernel[1] * groups)
    output = [input[0]] + output + [kernel[0]]
    let types = [input, kernel, output].map { TensorType(dtype, Shape($0)) }
    let kind = random.pick(Convolution.Kind.allCases)
    let (a, b): (TensorType, TensorType)
    switch kind {
    case .forward: (a, b) = (types[0], types[1])
    case .inputGradient:
      (a, b) = (types[2], types[1])
      c.extents = spatial
    case .weightGradient:
      (a, b) = (types[0], types[2])
      c.extents = Array(kernel.dropFirst(2))
    }
    c.kind = kind
    let x = tamed(coerced(first, to: a), 4)
    let y = tamed(coerced(second, to: b), 4)
    let terms = Double(min(a.shape.elementCount, b.shape.elementCount))
    let bound = facts[x].magnitude * facts[y].magnitude * terms
    append(.convolution(c), [x, y], computed(dtype, -bound, bound))
  }

  /// A window and an operand of a shape it fits; with at most 3 spatial axes.
  private mutating func windowed(_ source: Value) -> (Window, Value) {
    let rank = random.pick([1, 2, 2, 3])
    var window = Window(sizes: [Int](repeating: 1, count: rank))
    var extents = [random.int(1...2)]
    for axis in 0..<rank {
      window.sizes[axis] = random.int(1...3)
      window.strides[axis] = random.int(1...3)
      window.dilations[axis] = random.pick([1, 1, 1, 2])
      let reach = window.dilations[axis] * (window.sizes[axis] - 1) + 1
      // Each position covers some element, so that no result is an infinity.
      let room = window.dilations[axis] == 1 ? max(window.sizes[axis] - 1, 0) : 0
      window.low[axis] = random.int(0...min(room, 1))
      extents.append(reach + random.int(0...3))
      let spare = (extents[axis + 1] + window.low[axis] - reach) % window.strides[axis]
      window.high[axis] = spare == 0 && room > 0 ? random.int(0...1) : 0
    }
    extents.append(random.int(1...3))
    return (window, coerced(source, to: TensorType(type(source).dtype, Shape(extents))))
  }

  mutating func addWindowReduce() {
    guard let source = pick() else { return }
    let dtype = type(source).dtype
    let op: Reduction =
      dtype == .bool ? random.pick([.maximum, .minimum]) : random.pick(Reduction.allCases)
    var (window, x) = windowed(source)
    if op == .sum { x = tamed(x) }
    if op == .product { x = tamed(x, 1) }
    let fact = reduced(op, x, count: window.sizes.reduce(1, *))
    append(.windowReduce(op, window), [x], fact)
  }

  mutating func addWindowArgMax() {
    guard let source = pickExact() else { return }
    let (window, x) = windowed(source)
    append(.windowArgMax(window), [x], Fact(lower: -1, upper: 4096, isExact: true))
  }
}
