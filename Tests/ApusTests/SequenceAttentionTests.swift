import Apus
import Testing

private let golden = Golden("sequence")

/// Attention layers and positions have PyTorch's keys, outputs and gradients, or those of a few plain
/// lines of PyTorch where it has no such layer.
@Suite struct SequenceAttentionTests {
  @Test func multiHead() throws {
    try checkLayer(golden: "attention", in: golden) { scope in
      let layer = MultiHeadAttention(scope, 6, heads: 2)
      return { pair(layer.withWeights($0[0], $0[0], $0[0])) }
    }
    try checkLayer(golden: "attentionMasked", in: golden) { scope in
      let layer = MultiHeadAttention(scope, 6, heads: 2)
      return { pair(layer.withWeights($0[0], $0[0], $0[0], mask: $0[1], keyPadding: $0[2])) }
    }
    try checkLayer(golden: "attentionAdditive", in: golden) { scope in
      let layer = MultiHeadAttention(scope, 6, heads: 2)
      return { pair(layer.withWeights($0[0], $0[0], $0[0], mask: $0[1], averaged: false)) }
    }
    try checkLayer(golden: "attentionCausal", in: golden) { scope in
      let layer = MultiHeadAttention(scope, 6, heads: 3, bias: false)
      return { [layer($0[0], isCausal: true)] }
    }
  }

  @Test func cross() throws {
    try checkLayer(golden: "attentionCross", in: golden) { scope in
      let layer = MultiHeadAttention(scope, 6, heads: 2, keyWidth: 4, valueWidth: 3)
      return { [layer($0[0], $0[1], $0[2])] }
    }
    try checkLayer(golden: "attentionMemory", in: golden) { scope in
      let layer = MultiHeadAttention(scope, 6, heads: 2)
      return { [layer($0[0], $0[1], $0[1])] }
    }
    try checkLayer(golden: "attentionMemory", in: golden) { scope in
      let layer = MultiHeadAttention(scope, 6, heads: 2)
      return { [layer($0[0], to: layer.remember($0[1], $0[1]))] }
    }
  }

  @Test func groupedQueries() throws {
    try checkLayer(golden: "grouped", in: golden) { _ in
      { [scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true)] }
    }
    for (name, window) in [("groupedQuery", nil), ("groupedQueryWindow", 3)] {
      try checkLayer(golden: name, in: golden) { scope in
        GroupedQueryAttention(
          scope, 8, heads: 4, keyValueHeads: 2, headWidth: 4, rotary: RotaryEmbedding(4),
          window: window)
      }
    }
  }

  @Test func positions() throws {
    let scaling = RotaryEmbedding.Scaling.llama3(factor: 8, originalContext: 64)
    let rotations = [
      "rotaryHalves": RotaryEmbedding(8), "rotaryPartial": RotaryEmbedding(4),
      "rotaryInterleaved": RotaryEmbedding(8, pairing: .interleaved),
      "rotaryLinear": RotaryEmbedding(8, scaling: .linear(factor: 4)),
      "rotaryLlama3": RotaryEmbedding(8, base: 500, scaling: scaling),
    ]
    for (name, rotation) in rotations {
      try checkLayer(golden: name, in: golden) { _ in { [rotation($0[0])] } }
    }
    try checkLayer(golden: "sinusoidal", in: golden) { _ in SinusoidalPositions(8, capacity: 9) }
    try checkLayer(golden: "learnedPositions", in: golden) { LearnedPositions($0, 6, 8) }
    try checkLayer(golden: "alibi", in: golden) { _ in
      { [scaledDotProductAttention($0[0], $0[0], $0[0], mask: alibiBias(heads: 6, 5), isCausal: true)] }
    }
    #expect(alibiSlopes(8) == (1...8).map { 1 / Double(1 << $0) })
    #expect(alibiSlopes(0) == [])
  }

  /// Turned by place, a product depends on the distance only; a later start is a slice of a longer row.
  @Test func rotationsStartAnywhere() {
    let x = Tensor.normal([2, 1, 6, 8], key: RandomKey(seed: 1))
    for rotation in [RotaryEmbedding(8), RotaryEmbedding(8, pairing: .interleaved)] {
      let whole = rotation(x)
      let later = rotation(x[.all, .all, 4...], from: Tensor(4, dtype: .i64))
      expectClose(later, whole[.all, .all, 4...])
      let rows = rotation(x[.all, .all, 4...], from: Tensor([4, 9]))
      expectClose(rows[0], whole[0, .all, 4...])
      let far = rotation(x, from: Tensor(100, dtype: .i64))
      let (near, moved) = (matmul(whole, whole.transposed()), matmul(far, far.transposed()))
      expectClose(near, moved, relative: 1e-4, absolute: 1e-4)
    }
    let table = SinusoidalPositions(8, capacity: 9)
    let later = table(x[0], from: Tensor(3, dtype: .i64))
    expectClose(later, x[0] + sinusoidalPositions(9, 8)[3...])
    expectClose(later, table(x[0], from: 3))
  }

  /// A window in blocks gives what a mask over everything gives.
  @Test(arguments: [7, 130, 300]) func windows(_ time: Int) throws {
    let parts = (1...3).map { Tensor.normal([1, 2, time, 4], key: RandomKey(seed: $0)) }
    let (q, k, v) = (parts[0], parts[1], parts[2])
    let windowed = scaledDotProductAttention(q, k, v, isCausal: true, window: 5)
    let masked = scaledDotProductAttention(q, k, v, mask: causalMask(time, window: 5))
    expectClose(windowed, masked, absolute: 1e-5)
    let slopes = try gradients(of: square(windowed).sum(), for: parts)
    let expected = try gradients(of: square(masked).sum(), for: parts)
    for (a, b) in zip(slopes, expected) { expectClose(a, b, relative: 1e-4, absolute: 1e-4) }
  }

  /// Read in pieces through a cache, in a compiled function that updates it in place, a row gives what
  /// it gives at once.
  @Test func cachesGiveTheSame() throws {
    let scope = ParameterStore(seed: 5).scope
    let plain = MultiHeadAttention(scope / "plain", 8, heads: 2)
    let grouped = GroupedQueryAttention(
      scope / "grouped", 8, heads: 4, keyValueHeads: 2, rotary: RotaryEmbedding(2), window: 3)
    let x = try Tensor.normal([2, 7, 8], key: RandomKey(seed: 1)).evaluated()
    let caches = ParameterStore().scope
    let first = StoredKeyValueCache(caches / 0, batch: 2, heads: 2, capacity: 9, width: 4)
    let second = StoredKeyValueCache(caches / 1, batch: 2, heads: 2, capacity: 9, width: 2)
    let step = compiled { (x: Tensor) in
      [plain(x, cache: &first.value), grouped(x, cache: &second.value)]
    }
    for _ in 0..<2 {
      first.clear()
      second.clear()
      let pieces = try [0..<3, 3..<4, 4..<5, 5..<7].map { try step(x[.all, $0]) }
      expectClose(concatenate(pieces.map { $0[0] }, axis: 1), plain(x, isCausal: true))
      expectClose(concatenate(pieces.map { $0[1] }, axis: 1), grouped(x))
      let count: Int = first.value.count.scalar()
      #expect(count == 7)
    }
    // As a value the cache goes in and out of a compiled function.
    let pure = compiled { (input: [Tensor]) in
      var cache = KeyValueCache(keys: input[1], values: input[2], count: input[3])
      return [grouped(input[0], cache: &cache)] + cache.tensors
    }
    var cache = grouped.cache(batch: 2, capacity: 7).tensors
    var outputs: [Tensor] = []
    for time in 0..<7 {
      let result = try pure([x[.all, time..<(time + 1)]] + cache)
      outputs.append(result[0])
      cache = Array(result.dropFirst())
    }
    expectClose(concatenate(outputs, axis: 1), grouped(x))
  }

  /// In training weights of attention are dropped.
  @Test func dropoutIsForTraining() {
    let layer = MultiHeadAttention(ParameterStore(seed: 2).scope, 8, heads: 2, dropout: 0.5)
    let x = Tensor.normal([1, 6, 8], key: RandomKey(seed: 1))
    let weights = withTraining {
      withRandom(seed: 1) { layer.withWeights(x, x, x, averaged: false).weights }
    }
    let share = (weights .== 0).mean().item
    #expect(share > 0.2 && share < 0.8)
    let kept = layer.withWeights(x, x, x, averaged: false).weights
    let hasZeros = (kept .== 0).any().scalar(as: Bool.self)
    #expect(!hasZeros)
  }

  /// A compiled step learns to copy the token three places before.
  @Test(arguments: [false, true]) func learns(_ isGrouped: Bool) throws {
    let store = ParameterStore(seed: 1)
    let embedding = Embedding(store.scope / "embedding", 5, 16)
    let positions = LearnedPositions(store.scope / "positions", 8, 16)
    let grouped = GroupedQueryAttention(
      store.scope / "grouped", 16, heads: 4, keyValueHeads: 2, rotary: RotaryEmbedding(4))
    let plain = MultiHeadAttention(store.scope / "plain", 16, heads: 2, dropout: 0.05)
    let output = Linear(store.scope / "output", 16, 5)
    let x = Tensor.randomIntegers([16, 8], in: 0..<5, key: RandomKey(seed: 3))
    let y = x.rolled(3, axis: 1)
    let step = Step(output, Adam(learningRate: .constant(0.02))) { output, batch in
      let h = positions(embedding(batch.x))
      let mixed = isGrouped ? grouped(h) : plain(h, isCausal: true)
      let logits = output(h + mixed)
      return crossEntropy(logits: logits[.all, 3...], labels: batch.y[.all, 3...])
    }
    let losses = try (0..<60).map { _ in try step(Batch(x: x, y: y)).item }
    #expect(losses[59] < 0.5 * losses[0])
  }

  @Test func mistakesAreSentences() {
    let scope = ParameterStore().scope / "decoder"
    let wrongHeads = mistake { _ = MultiHeadAttention(scope / 0, 6, heads: 4) }
    #expect(wrongHeads.contains("6 features cannot be split into 4 heads"))
    let shared = mistake { _ = GroupedQueryAttention(scope / 1, 6, heads: 3, keyValueHeads: 2) }
    #expect(shared.contains("3 heads of queries"))
    let layer = MultiHeadAttention(scope / 2, 6, heads: 2)
    let wrongKeys = mistake { _ = layer(.ones([2, 3, 6]), .ones([1, 3, 6]), .ones([1, 3, 6])) }
    #expect(wrongKeys.contains("do not fit together"))
    let padding = mistake { _ = layer(.ones([2, 3, 6]), keyPadding: .ones([2, 3])) }
    #expect(padding.contains("bool [batch, source]") && padding.contains("decoder.2"))
    let long = mistake { _ = SinusoidalPositions(6, capacity: 2)(.ones([2, 3, 6])) }
    #expect(long.contains("capacity of 2"))
    var cache = KeyValueCache(batch: 2, heads: 2, capacity: 2, width: 3)
    let full = mistake { _ = layer(.ones([2, 3, 6]), cache: &cache) }
    #expect(full.contains("cache of [2, 2, 2, 3]"))
  }
}

private func pair(_ result: (output: Tensor, weights: Tensor)) -> [Tensor] {
  [result.output, result.weights]
}
