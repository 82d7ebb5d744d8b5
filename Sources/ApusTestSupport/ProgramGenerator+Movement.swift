import ApusIR

extension ProgramGenerator {
  mutating func addBroadcast() {
    guard let x = pick() else { return }
    var target = shape(x)
    for axis in target.indices where target[axis] == 1 && random.chance(0.6) {
      let extent = random.pick([1, 2, 3, 5])
      if target.elementCount * extent <= options.maximumElements { target[axis] = extent }
    }
    if target.rank < 4, random.chance(0.5) {
      let extent = random.pick([1, 2, 3])
      if target.elementCount * extent <= options.maximumElements {
        target.extents.insert(extent, at: 0)
      }
    }
    append(.broadcast(target), [x], facts[x])
  }

  mutating func addReshape() {
    guard let x = pick() else { return }
    var left = shape(x).elementCount
    var extents: [Int] = []
    if left == 0 {
      extents = shape(x).extents.shuffled(using: &random)
    } else {
      for divisor in [2, 3, 5, 7] where left % divisor == 0 && random.chance(0.6) {
        extents.append(divisor)
        left /= divisor
      }
      extents.append(left)
      if random.chance(0.3) { extents.append(1) }
      if left == 1, extents.count > 1, random.chance(0.5) { extents.removeAll { $0 == 1 } }
      extents.shuffle(using: &random)
    }
    append(.reshape(Shape(extents)), [x], facts[x])
  }

  mutating func addTranspose() {
    guard let x = pick() else { return }
    append(.transpose(Array(shape(x).indices).shuffled(using: &random)), [x], facts[x])
  }

  mutating func addSlice() {
    guard let x = pick(where: { $0.shape.rank > 0 }) else { return }
    var slicing = Slicing(starts: [], ends: [])
    for extent in shape(x) {
      let start = extent == 0 || random.chance(0.5) ? 0 : random.int(0...(extent - 1))
      let isEmpty = random.chance(options.emptiness)
      let end =
        isEmpty || extent == 0
        ? start : random.chance(0.5) ? extent : random.int((start + 1)...extent)
      slicing.starts.append(start)
      slicing.ends.append(end)
      slicing.strides.append(random.pick([1, 1, 1, 2, 3]))
    }
    append(.slice(slicing), [x], facts[x])
  }

  mutating func addPad() {
    guard let x = pick(where: { $0.shape.rank > 0 && $0.shape.rank < 5 }) else { return }
    let dtype = type(x).dtype
    let number = Scalar.floating(random.pick([0, 0, 1, 2])).converted(to: dtype)
    var padding = Padding(low: [], high: [], value: number)
    padding.interior = []
    for _ in shape(x) {
      padding.low.append(random.pick([0, 0, 0, 1, 2]))
      padding.high.append(random.pick([0, 0, 0, 1, 3]))
      padding.interior.append(random.pick([0, 0, 0, 0, 1, 2]))
    }
    let count = shape(x).indices.reduce(1) { $0 * padding.extent($1, of: shape(x)[$1]) }
    guard count <= 2 * options.maximumElements else { return }
    var fact = facts[x]
    fact.lower = min(fact.lower, number.double)
    fact.upper = max(fact.upper, number.double)
    append(.pad(padding), [x], fact)
  }

  mutating func addConcatenate() {
    guard let x = pick(where: { $0.shape.rank > 0 }) else { return }
    let axis = random.int(0...(shape(x).rank - 1))
    var parts = [x]
    var fact = facts[x]
    for _ in 0..<random.int(0...2) {
      var part = x
      if let other = pick(), random.chance(0.6) {
        var target = type(x)
        target.shape[axis] = random.pick([1, 1, 2, 3])
        part = coerced(other, to: target)
      }
      parts.append(part)
      fact.lower = min(fact.lower, facts[part].lower)
      fact.upper = max(fact.upper, facts[part].upper)
      fact.isExact = fact.isExact && facts[part].isExact
    }
    guard parts.reduce(0, { $0 + shape($1).elementCount }) <= 2 * options.maximumElements else {
      return
    }
    append(.concatenate(axis: axis), parts.shuffled(using: &random), fact)
  }

  mutating func addReverse() {
    guard let x = pick() else { return }
    append(.reverse(axes: shape(x).indices.filter { _ in random.chance(0.5) }), [x], facts[x])
  }

  mutating func addGather() {
    guard let values = pick(where: { $0.shape.rank > 0 }) else { return }
    let axis = random.int(0...(shape(values).rank - 1))
    var fact = facts[values]
    (fact.lower, fact.upper) = (min(fact.lower, 0), max(fact.upper, 0))
    if random.chance(0.5) {
      let rest = max(shape(values).elementCount / max(shape(values)[axis], 1), 1)
      let shape = randomShape(maximum: max(options.maximumElements / rest, 1))
      let indices = randomIndices(shape, extent: self.shape(values)[axis])
      append(.gather(axis: axis, .slices), [values, indices], fact)
    } else {
      var shape = shape(values)
      shape[axis] = random.pick([1, 2, 3])
      let indices = randomIndices(shape, extent: self.shape(values)[axis])
      append(.gather(axis: axis, .elements), [values, indices], fact)
    }
  }

  mutating func addScatter() {
    guard var target = pick(where: { $0.shape.rank > 0 }) else { return }
    let type = type(target)
    let axis = random.int(0...(type.shape.rank - 1))
    let combine: Combine = type.dtype == .bool || random.chance(0.4) ? .replace : .add
    var shape = type.shape
    let addressing: Addressing = random.chance(0.5) ? .slices : .elements
    shape[axis] = random.pick([1, 2, 3])
    let indices = randomIndices(
      addressing == .slices ? [shape[axis]] : shape, extent: type.shape[axis])
    guard let source = pick() else { return }
    var updates = coerced(source, to: TensorType(type.dtype, shape))
    (target, updates) = (tamed(target), tamed(updates))
    let (x, y) = (facts[target], facts[updates])
    let count = combine == .add ? Double(max(shape[axis], 1)) : 1
    var fact = computed(
      type.dtype, min(x.lower, y.lower, x.lower + count * y.lower),
      max(x.upper, y.upper, x.upper + count * y.upper))
    if combine == .replace { fact.isExact = x.isExact && y.isExact }
    append(.scatter(axis: axis, addressing, combine), [target, indices, updates], fact)
  }

  /// Indices made by counting, some of them outside `0..<extent`.
  private mutating func randomIndices(_ shape: Shape, extent: Int) -> Value {
    let dtype = random.pick([DType.i32, .i64])
    let type = TensorType(dtype, shape)
    let exact = Fact(lower: -64, upper: 4096, isExact: true)
    let count = append(.iota(axis: 0, TensorType(dtype, [shape.elementCount])), [], exact)
    let flat = append(.reshape(shape), [count], exact)
    let factor = constant(.integer(Int64(random.pick([1, 3, 5, 7]))), type)
    let offset = constant(.integer(Int64(random.int(0...5))), type)
    let room = constant(.integer(Int64(max(extent, 1) + (random.chance(0.3) ? 2 : 0))), type)
    let scaled = append(.binary(.multiply), [flat, factor], exact)
    let moved = append(.binary(.add), [scaled, offset], exact)
    let wrapped = append(.binary(.remainder), [moved, room], exact)
    guard random.chance(0.2) else { return wrapped }
    return append(.binary(.subtract), [wrapped, constant(.integer(1), type)], exact)
  }
}
