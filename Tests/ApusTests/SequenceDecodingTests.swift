import Apus
import Testing

/// Sampling keeps to its limits; beam search finds what trying everything finds.
@Suite struct SequenceDecodingTests {
  private let logits = Tensor([[1.0, 3, 2, 0], [0, 0, 5, 4]])

  @Test func greedyTakesTheLikeliest() {
    let isSame = Sampling.greedy(logits) == Tensor([1, 2])
    #expect(isSame)
  }

  /// Frequencies of many draws are the probabilities of what may be chosen.
  @Test func frequencies() {
    // Probabilities 0.1, 0.2, 0.3, 0.4.
    let row = log(Tensor([0.1, 0.2, 0.3, 0.4]))
    let cases: [(Sampling, [Double])] = [
      (Sampling(), [0.1, 0.2, 0.3, 0.4]), (Sampling(topK: 2), [0, 0, 3.0 / 7, 4.0 / 7]),
      (Sampling(topP: 0.65), [0, 0, 3.0 / 7, 4.0 / 7]), (Sampling(topP: 0.01), [0, 0, 0, 1]),
      (Sampling(topK: 3, topP: 0.75), [0, 0, 3.0 / 7, 4.0 / 7]),
      (Sampling(temperature: 0.5), [1.0 / 30, 4.0 / 30, 9.0 / 30, 16.0 / 30]),
    ]
    for (sampling, expected) in cases {
      let draws = sampling(row.expanded(to: [20_000, 4]), key: RandomKey(seed: 1))
      let shares = draws.oneHot(4).mean(axis: 0).array(of: Double.self)
      for (share, probability) in zip(shares, expected) {
        #expect(abs(share - probability) < 0.015 && (probability > 0 || share == 0))
      }
    }
  }

  @Test func samplesInsideCompiledFunctions() throws {
    let sampling = Sampling(temperature: 0.8, topK: 2, topP: 0.9)
    let draw = compiled { (input: [Tensor]) in sampling(input[0], key: RandomKey(seed: 1)) }
    let isSame = try draw([logits]) == sampling(logits, key: RandomKey(seed: 1))
    #expect(isSame)
  }

  // MARK: - Beam search

  /// Log-probabilities that depend on all tokens so far, by a number made from them.
  private struct TinyModel {
    let table: Tensor
    let rows: [[Double]]

    init(seed: UInt64) {
      table = logSoftmax(Tensor.normal([11, 4], std: 1.5, dtype: .f64, key: RandomKey(seed: seed)))
      let flat = table.array(of: Double.self)
      rows = (0..<11).map { Array(flat[(4 * $0)..<(4 * $0 + 4)]) }
    }

    func step(_ tokens: Tensor, _ state: Tensor) -> (logProbabilities: Tensor, state: Tensor) {
      let next = remainder(state * 3 + tokens, 11)
      return (table.take(next), next)
    }

    /// All sequences from `start`, the best first.
    func all(_ start: Int, _ search: BeamSearch) -> [Hypothesis] {
      var found: [Hypothesis] = []
      func extend(_ tokens: [Int], _ sum: Double, _ last: Int, _ state: Int) {
        let next = (state * 3 + last) % 11
        for (token, logProbability) in rows[next].enumerated() {
          let (longer, total) = (tokens + [token], sum + logProbability)
          if token != search.endToken && longer.count < search.maximumLength {
            extend(longer, total, token, next)
            continue
          }
          var length = 1.0
          for _ in 0..<Int(search.lengthPenalty) { length *= Double(longer.count) }
          found.append(Hypothesis(tokens: longer, logProbability: total, score: total / length))
        }
      }
      extend([], 0, start, 0)
      return found.sorted { $0.score > $1.score }
    }
  }

  @Test(arguments: [0.0, 1, 2]) func findsWhatTryingEverythingFinds(_ penalty: Double) throws {
    for seed in 1...4 {
      let model = TinyModel(seed: UInt64(seed))
      let search = BeamSearch(width: 27, maximumLength: 4, endToken: 0, lengthPenalty: penalty)
      let starts = [1, 2, 3]
      let state = Tensor.zeros([3], dtype: .i64).repeated(27, axis: 0)
      let found = try search(starts: starts, state: state) { model.step($0, $1) }
      for (start, hypotheses) in zip(starts, found) {
        let best = model.all(start, search)
        #expect(hypotheses.count == 27)
        // Sequences of equal score may change places.
        let known = Dictionary(uniqueKeysWithValues: best.map { ($0.tokens, $0) })
        #expect(Set(hypotheses.map(\.tokens)).count == 27)
        for (a, b) in zip(hypotheses, best) {
          #expect(abs(a.score - b.score) < 1e-12)
          #expect(abs(a.logProbability - known[a.tokens]!.logProbability) < 1e-12)
        }
      }
    }
  }

  /// A beam of one is greedy; wider ones find nothing worse than narrow ones here, and never more than
  /// there is.
  @Test func narrowBeams() throws {
    let model = TinyModel(seed: 9)
    var scores: [Double] = []
    for width in [1, 2, 4, 27] {
      let search = BeamSearch(width: width, maximumLength: 4, endToken: 0, lengthPenalty: 0)
      let state = Tensor.zeros([width], dtype: .i64)
      let found = try search(starts: [2], state: state) { model.step($0, $1) }[0]
      #expect(found.count <= width && !found.isEmpty)
      scores.append(found[0].score)
      let limit = model.all(2, search)[0].score
      #expect(found[0].score <= limit + 1e-12)
    }
    #expect(scores[3] >= scores[0])
  }

  /// The state of an LSTM has its rows along axis 1: the caller says how it is put in order.
  @Test func reordersAnyState() throws {
    let scope = ParameterStore(seed: 6).scope
    let embedding = Embedding(scope / "embedding", 5, 8)
    let lstm = LSTM(scope / "lstm", 8, 8, layers: 2)
    let output = Linear(scope / "output", 8, 5, bias: false)
    let search = BeamSearch(width: 64, maximumLength: 3, endToken: 0, lengthPenalty: 1)
    let zeros = Tensor.zeros([2, 64, 8])
    let found = try search(
      starts: [1], state: LSTMState(hidden: zeros, cell: zeros),
      reorder: { $0.taking($1, axis: 1) }
    ) { tokens, state in
      let result = lstm.run(embedding(tokens).expanded(at: 1), state: state)
      return (logSoftmax(output(result.output.squeezed(1)) * 8), result.state)
    }[0]
    // Each hypothesis, read at once, has the log-probability that the search gave it.
    for hypothesis in found.prefix(8) {
      let tokens = Tensor([1] + hypothesis.tokens.dropLast()).expanded(at: 0)
      let all = logSoftmax(output(lstm(embedding(tokens))) * 8)
      let chosen = all.gather(Tensor(hypothesis.tokens).reshaped(1, -1, 1), axis: -1)
      #expect(abs(chosen.sum().item - hypothesis.logProbability) < 1e-4)
    }
  }

  /// Translation: a decoder with caches and remembered memories, compiled, for two inputs at once.
  @Test func searchesWithADecoder() throws {
    let scope = ParameterStore(seed: 6).scope
    let embedding = Embedding(scope / "embedding", 5, 8)
    let sizes = TransformerConfiguration(width: 8, heads: 2, feedForward: 12)
    let decoder = TransformerDecoder(scope / "decoder", sizes, layers: 2)
    let output = Linear(scope / "output", 8, 5)
    let memory = try Tensor.normal([2, 3, 8], key: RandomKey(seed: 1)).evaluated()
    let step = compiled { (input: RecurrentResult<TransformerDecoderState>) in
      var state = input.state
      let hidden = decoder(embedding(input.output.expanded(at: 1)), &state)
      return RecurrentResult(output: logSoftmax(output(hidden.squeezed(1))), state: state)
    }
    let search = BeamSearch(width: 3, maximumLength: 4, endToken: 0)
    let state = decoder.start(memory, capacity: 4).repeated(3, axis: 0)
    let found = try search(starts: [1, 2], state: state) { tokens, state in
      let result = try step(RecurrentResult(output: tokens, state: state))
      return (result.output, result.state)
    }
    for (index, hypotheses) in found.enumerated() {
      #expect(hypotheses.count == 3)
      for hypothesis in hypotheses {
        let tokens = Tensor([index + 1] + hypothesis.tokens.dropLast()).expanded(at: 0)
        let masks = TransformerMasks(isCausal: true)
        let hidden = decoder(embedding(tokens), memory[index..<(index + 1)], masks)
        let places = Tensor(hypothesis.tokens).reshaped(1, -1, 1)
        let chosen = logSoftmax(output(hidden)).gather(places, axis: -1)
        #expect(abs(chosen.sum().item - hypothesis.logProbability) < 1e-4)
      }
    }
  }

  @Test func refusesWhatIsNoLogProbability() {
    let search = BeamSearch(width: 2, maximumLength: 3, endToken: 0)
    for wrong in [Tensor.zeros([3, 4]), Tensor([[1, .nan], [1, 2]]), Tensor.zeros([2, 4], dtype: .i64)] {
      #expect(throws: TensorError.self) {
        try search(starts: [1], state: Tensor.zeros([2])) { _, state in (wrong, state) }
      }
    }
  }

  /// Tokens of probability zero are never chosen, even where nothing else is left.
  @Test func impossibleTokensAreNotFollowed() throws {
    let search = BeamSearch(width: 3, maximumLength: 4, endToken: 0, lengthPenalty: 0)
    let row = log(Tensor([0.5, 0.5, 0, 0]))
    let found = try search(starts: [1], state: Tensor.zeros([3])) { _, state in
      (row.expanded(to: [3, 4]), state)
    }[0]
    #expect(found.count == 3)
    for hypothesis in found { #expect(hypothesis.tokens.allSatisfy { $0 < 2 }) }
  }
}
