import Apus
import ApusModels
import Foundation
import Testing

/// Protects the way of published checkpoints into the language models, that they look where they may only,
/// and that they learn.
@Suite struct TextModelTests {
  private let gpt = GPT.Configuration(vocabulary: 11, context: 9, layers: 2, heads: 2, width: 8)
  private let bert = BERT.Configuration(
    vocabulary: 11, positions: 9, layers: 2, heads: 2, width: 8, feedForward: 12)

  /// Numbers below `limit`, as in `scripts/golden/text_models.py`.
  private func tokens(_ name: String, _ shape: Shape, below limit: Int) -> Tensor {
    let numbers = pattern(name, shape.elementCount).map { Int64(($0 + 1) / 2 * Float(limit)) }
    return Tensor(numbers.map { min($0, Int64(limit - 1)) }, shape: shape)
  }

  @Test func namesAndOutputsArePyTorchs() throws {
    let golden = try Golden.load("text-models")
    let x = tokens("x", [2, 7], below: 11)
    let types = tokens("types", [2, 7], below: 2)
    let mask = Tensor.arange(7).expanded(at: 0) .< Tensor([7, 4]).expanded(at: 1)

    func expect<Model>(
      _ name: String, _ make: (Scope) -> Model, _ run: (Model) -> [Tensor]
    ) throws {
      let store = ParameterStore.shapesOnly()
      _ = make(store.scope)
      let found = store.parameters.map { Golden.Key(name: $0.path, shape: $0.shape.extents) }
      let keys = try #require(golden[name]?.keys)
      let differs = zip(found, keys).first { $0 != $1 }
      #expect(found.count == keys.count && differs == nil, "\(name): \(String(describing: differs))")
      try expectOutputs(golden[name], make, run)
    }
    try expect("gpt", { GPT($0, gpt) }) { [$0(x)] }
    var plain = gpt
    (plain.layers, plain.bias, plain.activation) = (1, false, .geluTanh)
    try expect("gpt-without-bias", { GPT($0, plain) }) { [$0(x)] }
    func lstm(_ model: LSTMLanguageModel) -> [Tensor] {
      let result = model.run(x)
      return [result.output, result.state.hidden, result.state.cell]
    }
    try expect("lstm", { LSTMLanguageModel($0, vocabulary: 11, width: 6) }, lstm)
    try expect("lstm-untied", {
      LSTMLanguageModel($0, vocabulary: 11, width: 6, hidden: 5, layers: 1, isTied: false)
    }, lstm)
    try expect("text-cnn", {
      TextCNN($0, vocabulary: 11, classes: 3, width: 6, kernels: [2, 3, 5], filters: 4)
    }) { [$0(x, lengths: [7, 1])] }
    try expect("bert-masked", { BERTMaskedLanguageModel($0, bert) }) { [$0(x, types: types, mask: mask)] }
    try expect("bert-classifier", { BERTClassifier($0, bert, classes: 3) }) { model in
      let hidden = model.bert(x, types: types, mask: mask)
      return [model(x, types: types, mask: mask), hidden * mask.expanded(at: -1).to(hidden.dtype)]
    }
  }

  /// A token is predicted from those before it alone, and reading by pieces with a memory gives what reading
  /// at once gives.
  @Test func memoryGivesWhatReadingAtOnceGives() throws {
    func expect<Model: AutoregressiveModel>(_ model: Model, _ logits: (Tensor) -> Tensor) {
      let x = tokens("x", [2, 7], below: 11)
      let whole = logits(x)
      let short = logits(x[0..., 0..<4])
      let isBlind = abs(whole[0..., 0..<4] - short).max().item < 1e-5
      #expect(isBlind, "\(Model.self) looks ahead")
      var memory = model.memory(batch: 2)
      for piece in [0..<3, 3..<4, 4..<7] {
        let next = model.next(x[0..., piece.lowerBound..<piece.upperBound], &memory)
        let error = abs(next - whole[0..., piece.upperBound - 1]).max().item
        #expect(error < 1e-5, "\(Model.self) after \(piece)")
      }
    }
    let first = GPT(ParameterStore(seed: 1).scope, gpt)
    expect(first) { first($0) }
    let second = LSTMLanguageModel(ParameterStore(seed: 1).scope, vocabulary: 11, width: 6)
    expect(second) { second($0) }
  }

  /// A model that has learned a cycle writes it, past the end of its context too; the same seed writes the same.
  @Test func generatorWritesWhatWasLearned() throws {
    func expect<Model: AutoregressiveModel>(
      _ store: ParameterStore, _ model: Model, _ logits: @escaping (Model, Tensor) -> Tensor
    ) throws {
      let cycle = Tensor((0..<2).flatMap { row in (0..<9).map { Int64((row + $0) % 4) } }, shape: [2, 9])
      let step = Step<Model, Tensor>(model, Adam(learningRate: 3e-2)) { model, x in
        crossEntropy(logits: logits(model, x[0..., 0..<8]), labels: x[0..., 1..<9])
      }
      for _ in 0..<60 { _ = try step(cycle) }
      let writer = TextGenerator(model, sampling: .greedy)
      let found = try writer([2, 3], count: 30)
      let again = try writer([2, 3], count: 30)
      let expected = (0..<30).map { $0 % 4 }
      #expect(found == expected && again == expected, "\(Model.self) wrote \(found)")
      let random = TextGenerator(model, sampling: Sampling(temperature: 20))
      let (one, same, other) = (
        try random([0], count: 12, seed: 1), try random([0], count: 12, seed: 1),
        try random([0], count: 12, seed: 2)
      )
      #expect(one == same && one != other)
    }
    let store = ParameterStore(seed: 1)
    try expect(store, GPT(store.scope, gpt)) { $0($1) }
    let second = ParameterStore(seed: 1)
    try expect(second, LSTMLanguageModel(second.scope, vocabulary: 11, width: 12, layers: 1)) { $0($1) }
  }

  /// Two batches one after the other with the carried state are one batch of both.
  @Test func stateIsCarriedFromBatchToBatch() throws {
    let store = ParameterStore(seed: 1)
    let model = LSTMLanguageModel(store.scope, vocabulary: 11, width: 6)
    let carried = StoredLSTMState(store.scope / "carried", for: model, batch: 2)
    let step = Step<LSTMLanguageModel, Tensor>(model, SGD(learningRate: 0)) { model, x in
      let result = model.run(x, state: carried.value)
      carried.value = result.state
      return result.output.mean()
    }
    let x = tokens("x", [2, 8], below: 11)
    _ = try step(x[0..., 0..<4])
    _ = try step(x[0..., 4..<8])
    let whole = model.run(x).state
    let error = maximum(abs(whole.hidden - carried.value.hidden), abs(whole.cell - carried.value.cell))
    #expect(error.max().item < 1e-5)
    carried.clear()
    #expect(abs(carried.value.cell).sum().item == 0)
  }

  @Test func modelsLearn() throws {
    let x = tokens("x", [4, 6], below: 11)
    func learn<Model>(_ make: (Scope) -> Model, _ loss: @escaping (Model, Tensor) -> Tensor) throws {
      let store = ParameterStore(seed: 1)
      try expectLearning(make(store.scope), store, learningRate: 1e-2, loss: loss, on: x)
    }
    var sizes = bert
    (sizes.dropout, sizes.attentionDropout) = (0, 0)
    let mask = Tensor.ones([4, 6], dtype: .bool)
    try learn({ BERTMaskedLanguageModel($0, sizes) }) { crossEntropy(logits: $0($1, types: minimum($1, 1)), labels: $1) }
    try learn({ BERTClassifier($0, sizes, classes: 3) }) {
      crossEntropy(logits: $0($1, types: minimum($1, 1), mask: mask), labels: [0, 1, 2, 0])
    }
    try learn({ TextCNN($0, vocabulary: 11, classes: 3, width: 6, kernels: [2, 3], filters: 4, dropout: 0) }) {
      crossEntropy(logits: $0($1, lengths: [6, 5, 4, 3]), labels: [0, 1, 2, 0])
    }
  }

  @Test func paddingChangesNoClass() {
    let x = tokens("x", [1, 5], below: 11)
    let padded = concatenate([x, tokens("y", [1, 4], below: 11)], axis: 1)
    let model = TextCNN(ParameterStore(seed: 1).scope, vocabulary: 11, classes: 3, width: 6)
    let error = abs(model(x, lengths: [5]) - model(padded, lengths: [5])).max().item
    #expect(error < 1e-6)
  }

  // MARK: - What is published

  private let published = """
    {"model_type": "gpt2", "vocab_size": 50257, "n_positions": 1024, "n_embd": 768, "n_layer": 12, "n_head": 12,
     "resid_pdrop": 0.1, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-05}
    """

  private func gpt(_ json: String) throws -> GPT.Configuration {
    try JSONDecoder().decode(GPT.Configuration.self, from: Data(json.utf8))
  }

  @Test func publishedConfigurationsAreRead() throws {
    #expect(try gpt(published) == .gpt2)
    let nano = try gpt(
      #"{"n_layer": 4, "n_head": 4, "n_embd": 128, "block_size": 64, "bias": false, "vocab_size": 65, "dropout": 0.0}"#)
    #expect(nano == GPT.Configuration(
      vocabulary: 65, context: 64, layers: 4, heads: 4, width: 128, bias: false))
    let bert = """
      {"vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
       "intermediate_size": 3072, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "type_vocab_size": 2,
       "attention_probs_dropout_prob": 0.1, "max_position_embeddings": 512, "layer_norm_eps": 1e-12}
      """
    #expect(try JSONDecoder().decode(BERT.Configuration.self, from: Data(bert.utf8)) == .base)
  }

  @Test(arguments: [
    (#""n_head": 12"#, #""n_head": 13"#, "768 features cannot be split into 13 heads"),
    (#""n_embd": 768, "#, "", "has no 'n_embd'"),
    (#""n_layer": 12"#, #""n_layer": 100000000000"#, "'n_layer' is 100000000000"),
    (#""n_layer": 12"#, #""n_layer": "many""#, "'n_layer' is not of type Int"),
    (#""resid_pdrop": 0.1"#, #""resid_pdrop": 2"#, "'resid_pdrop' is 2.0"),
    ("gelu_new", "swish", "must be one of gelu, gelu_new, relu"),
  ])
  func wrongConfigurationsAreNamed(_ old: String, _ new: String, _ sentence: String) {
    let error = #expect(throws: ModelConfigurationError.self) {
      try gpt(published.replacing(old, with: new))
    }
    #expect(error?.description.contains(sentence) == true, "\(String(describing: error))")
  }

  /// Dense weights of published files are transposed, and what is no parameter is left out.
  @Test func publishedGPT2IsLoaded() throws {
    let store = ParameterStore(seed: 1)
    let model = GPT(store.scope, gpt)
    var published: [String: Tensor] = [:]
    for (path, value) in store.state {
      let isDense = path.contains(".c_") && path.hasSuffix(".weight")
      published[String(path.dropFirst("transformer.".count))] = isDense ? value.transposed() : value
    }
    published["h.0.attn.bias"] = .ones([1, 1, 9, 9])
    published["lm_head.weight"] = published["wte.weight"]
    let other = ParameterStore(seed: 2)
    let second = GPT(other.scope, gpt)
    try other.load(GPT.state(fromHuggingFace: published))
    let x = tokens("x", [1, 9], below: 11)
    let isSame = model(x) == second(x)
    #expect(isSame)
  }

  @Test func mistakesAreNamed() {
    func mistake(_ body: () -> Void) -> String {
      do {
        try withTensorErrors(body)
        return ""
      } catch {
        return "\(error)"
      }
    }
    let scope = ParameterStore().scope
    #expect(mistake { _ = GPT(scope / "a", gpt)(.zeros([1, 10], dtype: .i64)) }.contains("capacity of 9"))
    #expect(mistake { _ = LSTMLanguageModel(scope / "b", vocabulary: 5, width: 6, hidden: 7) }.contains("isTied"))
    let model = BERT(scope / "c", bert, pooler: false)
    #expect(mistake { _ = model.pooled(.zeros([1, 2, 8])) }.contains("without a pooler"))
    let x = Tensor.zeros([1, 3], dtype: .i64)
    #expect(mistake { _ = model(x, types: nil, mask: .ones([1, 4], dtype: .bool)) }.contains("fit together"))
    let empty = TextGenerator(GPT(scope / "d", gpt))
    #expect(mistake { _ = try? empty([], count: 1) }.contains("one token"))
  }
}
