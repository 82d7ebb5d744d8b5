import ApusIR
import Testing

@testable import ApusCPU

private func layout(_ dims: [Int], _ strides: [Int]? = nil, _ dtype: DType = .f32) -> StridedLayout {
  StridedLayout(dtype, dims, strides: strides)
}

/// Runs a product and returns how far it is from plain loops, and the implementation's name.
private func deviation(
  _ description: MatmulDescription, _ primitive: NativePrimitive
) throws -> Float {
  let a = NaiveTensor(description.a, seed: 1)
  let b = NaiveTensor(description.b, seed: 2)
  let c = NaiveTensor(description.c, seed: 3)
  let columns = description.c.dims.last!
  let bias = description.bias.map { NaiveTensor(layout([columns], nil, $0), seed: 4) }
  let operands = description.postOps.map { op -> NaiveTensor? in
    if case .binary(_, let operand) = op { return NaiveTensor(operand, seed: 5) }
    return nil
  }
  let previous = (0..<c.count).map(c.load)
  let scratch = Scratch(primitive.scratchpadSize)
  var weights = b.memory
  let packed = Scratch(primitive.packedWeightsSize)
  if description.weightsPacked {
    try primitive.packWeights(b.memory, into: packed.memory, scratchpad: scratch.memory)
    weights = packed.memory
  }
  try primitive.execute(
    input: a.memory, weights: weights, bias: bias?.memory, output: c.memory,
    operands: operands.compactMap { $0?.memory }, scratchpad: scratch.memory)

  let depth = description.a.dims.last!
  let (aValues, bValues) = (a.values, b.values)
  let aStride = description.a.strides.last!
  let bStride = description.b.strides[description.b.strides.count - 2]
  return c.distance { index in
    let batch = Array(index.dropLast(2))
    let row = index[index.count - 2]
    let column = index[index.count - 1]
    var sum: Float = bias?.load(column) ?? 0
    let aPlace = a.offset(batch + [row, 0])
    let bPlace = b.offset(batch + [0, column])
    for k in 0..<depth { sum += aValues[aPlace + k * aStride] * bValues[bPlace + k * bStride] }
    for (op, operand) in zip(description.postOps, operands) {
      sum = apply(op, to: sum, previous: previous[c.offset(index)], operand: operand?[index] ?? 0)
    }
    return sum
  }
}

private func check(
  _ description: MatmulDescription, within bound: Float = 1e-4,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let primitive = try NativePrimitive(description)
  let distance = try deviation(description, primitive)
  #expect(distance < bound, "\(primitive.implementation)", sourceLocation: sourceLocation)
}

@Suite(.enabled(if: OneDNN.isAvailable, "needs oneDNN"))
struct MatmulTests {
  @Test(arguments: [(1, 1, 1), (7, 5, 3), (33, 17, 65), (16, 64, 32), (1, 40, 9), (40, 9, 1)])
  func everyTransposition(_ m: Int, _ k: Int, _ n: Int) throws {
    for (aIsTransposed, bIsTransposed) in [(false, false), (true, false), (false, true), (true, true)] {
      let a = aIsTransposed ? layout([k, m]).transposed : layout([m, k])
      let b = bIsTransposed ? layout([n, k]).transposed : layout([k, n])
      try check(MatmulDescription(a: a, b: b, c: layout([m, n])))
      try check(MatmulDescription(a: a, b: b, c: layout([n, m]).transposed))
    }
  }

  @Test func rowsWithGaps() throws {
    try check(
      MatmulDescription(
        a: layout([9, 6], [20, 1]), b: layout([6, 11], [13, 1]), c: layout([9, 11], [16, 1])))
  }

  @Test func batchesFoldAndBroadcast() throws {
    // One matrix for all batches: the batches become rows.
    try check(
      MatmulDescription(
        a: layout([3, 4, 5, 6]), b: layout([1, 1, 6, 7]), c: layout([3, 4, 5, 7]), bias: .f32))
    // The same, said with strides of 0.
    try check(
      MatmulDescription(
        a: layout([3, 5, 6]), b: layout([3, 6, 7], [0, 7, 1]), c: layout([3, 5, 7])))
    // Dense batches on both sides.
    try check(
      MatmulDescription(
        a: layout([2, 3, 5, 6]), b: layout([2, 3, 6, 7]), c: layout([2, 3, 5, 7])))
    // Five axes, of which one has a single element.
    try check(
      MatmulDescription(
        a: layout([2, 1, 3, 5, 6]), b: layout([2, 1, 3, 6, 7]), c: layout([2, 1, 3, 5, 7])))
    // One side broadcasts along the outer batch, the other along the inner.
    try check(
      MatmulDescription(
        a: layout([1, 3, 5, 6]), b: layout([2, 3, 6, 7]), c: layout([2, 3, 5, 7])))
    // A row vector per batch.
    try check(
      MatmulDescription(a: layout([4, 1, 6]), b: layout([1, 6, 7]), c: layout([4, 1, 7])))
  }

  /// The products of attention: heads are interleaved with the features.
  @Test func attention() throws {
    let (batch, heads, time, width) = (2, 3, 10, 8)
    let all = heads * width
    let q = layout([batch, heads, time, width], [time * 3 * all, width, 3 * all, 1])
    let scores = layout([batch, heads, time, time])
    let context = layout([batch, heads, time, width], [time * all, width, all, 1])
    try check(
      MatmulDescription(
        a: q, b: q.transposed, c: scores, postOps: [.linear(scale: 0.25, offset: 0)]))
    try check(MatmulDescription(a: scores, b: q, c: context))
    try check(MatmulDescription(a: scores.transposed, b: q, c: context))
  }

  @Test(
    arguments: [
      [.accumulate(scale: 1)], [.accumulate(scale: -0.5)], [.relu(negativeSlope: 0)],
      [.relu(negativeSlope: 0.1)], [.tanh], [.elu(alpha: 0.7)], [.square], [.abs], [.abs, .sqrt],
      [.linear(scale: 2, offset: -1)], [.softplus], [.logistic], [.clip(-1, 1), .exp],
      [.abs, .linear(scale: 1, offset: 1), .log], [.geluTanh], [.geluErf], [.swish(beta: 1)],
      [.swish(beta: 1.7)], [.clip(-0.5, 0.25)], [.abs, .power(scale: 2, exponent: 1.5)],
      [.accumulate(scale: 1), .relu(negativeSlope: 0)],
    ] as [[PostOp]])
  func postOps(_ ops: [PostOp]) throws {
    try check(
      MatmulDescription(
        a: layout([12, 9]), b: layout([9, 20]), c: layout([12, 20]), bias: .f32, postOps: ops),
      within: 5e-4)
  }

  @Test(arguments: [PostOp.Binary.add, .subtract, .multiply, .maximum, .minimum])
  func tensorOperands(_ binary: PostOp.Binary) throws {
    for operand in [layout([12, 20]), layout([1, 20])] {
      try check(
        MatmulDescription(
          a: layout([12, 9]), b: layout([9, 20]), c: layout([12, 20]),
          postOps: [.binary(binary, operand), .relu(negativeSlope: 0)]))
    }
    // Batches fold only if the operand folds along.
    try check(
      MatmulDescription(
        a: layout([3, 4, 9]), b: layout([1, 9, 20]), c: layout([3, 4, 20]),
        postOps: [.binary(binary, layout([3, 4, 20]))]))
  }

  @Test func bf16() throws {
    let a = layout([33, 40], nil, .bf16)
    let b = layout([40, 24], nil, .bf16)
    // Inputs are exact and sums are kept in f32.
    try check(MatmulDescription(a: a, b: b, c: layout([33, 24])), within: 1e-4)
    // A stored result of up to 10 has 8 bits.
    let rounded = MatmulDescription(
      a: a, b: b, c: layout([33, 24], nil, .bf16), bias: .bf16, postOps: [.geluErf])
    try check(rounded, within: 0.07)
    try check(
      MatmulDescription(
        a: layout([40, 33], nil, .bf16).transposed, b: b, c: layout([33, 24], nil, .bf16)),
      within: 0.07)
  }

  @Test(arguments: [DType.f32, .bf16])
  func packedWeights(_ dtype: DType) throws {
    try check(
      MatmulDescription(
        a: layout([33, 40], nil, dtype), b: layout([24, 40], nil, dtype).transposed,
        c: layout([33, 24]), bias: .f32, weightsPacked: true))
  }

  @Test func refusesWhatItCannotDoWell() throws {
    let unsupported = [
      // No unit stride.
      MatmulDescription(a: layout([8, 8], [32, 2]), b: layout([8, 8]), c: layout([8, 8])),
      MatmulDescription(
        a: layout([8, 8], nil, .f64), b: layout([8, 8], nil, .f64), c: layout([8, 8], nil, .f64)),
    ]
    for description in unsupported {
      let error = #expect(throws: OneDNNError.self) { try NativePrimitive(description) }
      guard case .unsupported = error else {
        Issue.record("\(String(describing: error)) is not .unsupported")
        continue
      }
    }
    var slow = unsupported[0]
    slow.allowsReference = true
    let primitive = try NativePrimitive(slow)
    #expect(primitive.isReference)
    #expect(try deviation(slow, primitive) < 1e-4)

    let mismatched = MatmulDescription(a: layout([8, 7]), b: layout([8, 8]), c: layout([8, 8]))
    let error = #expect(throws: OneDNNError.self) { try NativePrimitive(mismatched) }
    guard case .invalid = error else {
      Issue.record("\(String(describing: error)) is not .invalid")
      return
    }
  }

  /// One primitive, several threads, each with its own scratch memory.
  @Test func runsConcurrently() async throws {
    let description = MatmulDescription(
      a: layout([32, 32]).transposed, b: layout([32, 32]), c: layout([32, 32]))
    let primitive = try NativePrimitive(description)
    let distances = try await withThrowingTaskGroup(of: Float.self) { group in
      for _ in 0..<8 { group.addTask { try deviation(description, primitive) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(distances.allSatisfy { $0 < 1e-4 })
  }

  @Test func cacheIsBoundedAndKeepsTheRecentlyUsed() throws {
    let cache = PrimitiveCache(capacity: 2)
    func description(_ n: Int) -> MatmulDescription {
      MatmulDescription(a: layout([n, 4]), b: layout([4, 4]), c: layout([n, 4]))
    }
    let first = try cache.matmul(description(2))
    _ = try cache.matmul(description(3))
    #expect(try cache.matmul(description(2)) === first)
    _ = try cache.matmul(description(4))
    #expect(cache.count == 2)
    #expect(try cache.matmul(description(2)) === first)
  }
}
