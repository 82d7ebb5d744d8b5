import Apus
import ApusModels
import Testing

@Suite struct CaptioningTests {
  private let shape = ImageClassifierShape(height: 12, width: 16, channels: 3, classes: 0)

  private func make(_ scope: Scope) -> Captioner {
    Captioner(
      scope,
      .init(
        encoder: .init(shape, counts: [1, 1], width: 4, isBottleneck: false), vocabulary: 11, embedding: 5,
        hidden: 6, attention: 7, dropout: 0))
  }

  private let words: Tensor = Tensor([2, 5, 9, 4, 2, 10, 0, 3], shape: [2, 4], dtype: .i64)

  @Test func outputsArePyTorchs() throws {
    let golden = try Golden.load()
    try expectOutputs(golden["captioner"], make) { model in
      let (logits, attention) = model(patterned("x", [2, 12, 16, 3]), words: words)
      return [logits, attention]
    }
  }

  /// What is learnt on whole sentences must be what is asked word by word.
  @Test func stepByStepIsTheWholeSentence() throws {
    let model = make(ParameterStore(seed: 1).scope)
    let x = patterned("x", [2, 12, 16, 3])
    let whole = logSoftmax(model(x, words: words).logits)
    var state = model.start(x)
    for time in 0..<4 {
      let (logProbabilities, next) = model.step(words[.all, time], state)
      state = next
      let expected = whole[.all, time]
      let difference = Apus.abs(logProbabilities - expected).max().item
      #expect(difference < 1e-5, "\(difference) at word \(time)")
    }
  }

  /// A beam of one takes the likeliest word each time, and pictures of a batch do not mix.
  @Test func searchFollowsTheLikeliestWords() throws {
    let model = make(ParameterStore(seed: 1).scope)
    let x = patterned("x", [2, 12, 16, 3])
    let search = BeamSearch(width: 1, maximumLength: 5, endToken: 3)
    let found = try model.captions(x, start: 2, search: search).map { $0[0].tokens }
    for picture in 0..<2 {
      var state = model.start(x[picture..<(picture + 1)])
      var word = 2
      var expected: [Int] = []
      while expected.count < 5, word != 3 {
        let (logProbabilities, next) = model.step(Tensor([word], dtype: .i64), state)
        (state, word) = (next, Int(logProbabilities.argMax(axis: -1)[0].item))
        expected.append(word)
      }
      #expect(found[picture] == expected)
    }
    let wide = try model.captions(x, start: 2, search: BeamSearch(width: 4, maximumLength: 5, endToken: 3))
    for (best, greedy) in zip(wide, try model.captions(x, start: 2, search: search)) {
      #expect(best[0].score >= greedy[0].score - 1e-6)
    }
  }

  @Test func captionerLearnsAndPaddingDoesNotCount() throws {
    let store = ParameterStore(seed: 1)
    let model = make(store.scope)
    let words = words
    try expectLearning(model, store, learningRate: 1e-2, loss: { model, x in
      model.loss(x, words: words, padding: 0)
    }, on: patterned("x", [2, 12, 16, 3]))
    let x = patterned("x", [1, 12, 16, 3])
    let short = Tensor([2, 5, 3], shape: [1, 3], dtype: .i64)
    let long = Tensor([2, 5, 3, 0, 0], shape: [1, 5], dtype: .i64)
    let difference = model.loss(x, words: short, padding: 0).item - model.loss(x, words: long, padding: 0).item
    #expect(abs(difference) < 1e-5)
  }

  @Test func wordsThatDoNotFitAreNamed() {
    let model = make(ParameterStore(seed: 1).scope)
    #expect(throws: TensorError.self) {
      try withTensorErrors { _ = model(.zeros([3, 12, 16, 3]), words: words) }
    }
  }
}
