import Apus
import ApusModels
import Testing

@Suite struct TranslationTests {
  private static let transformerSizes = TranslationTransformer.Configuration(
    vocabulary: 12,
    layers: TransformerConfiguration(
      width: 16, heads: 4, feedForward: 24, dropout: 0, isNormFirst: true),
    depth: 2, capacity: 16)
  private static let lstmSizes = TranslationLSTM.Configuration(
    vocabulary: 12, width: 8, hidden: 12, dropout: 0)

  /// As in `scripts/golden/translation.py`.
  private let source = Tensor([[3, 4, 5, 6, 7, 1], [8, 2, 9, 1, 0, 0]] as [[Int64]])
  private let lengths = Tensor([6, 4] as [Int64])
  private let target = Tensor([[2, 5, 9, 10, 4], [2, 3, 3, 11, 0]] as [[Int64]])

  @Test func keysAndLogitsArePyTorchs() throws {
    let golden = try Golden.load("translation")
    let transformer = ParameterStore.shapesOnly()
    _ = TranslationTransformer(transformer.scope, Self.transformerSizes)
    let lstm = ParameterStore.shapesOnly()
    _ = TranslationLSTM(lstm.scope, Self.lstmSizes)
    for (name, store) in [("transformer", transformer), ("lstm", lstm)] {
      let keys = store.parameters.map { Golden.Key(name: $0.path, shape: $0.shape.extents) }
      let isEqual = keys == golden[name]?.keys
      #expect(isEqual, "the keys of \(name) are \(keys.map(\.name))")
    }
    try expectOutputs(
      golden["transformer"], { TranslationTransformer($0, Self.transformerSizes) }
    ) { [$0(source, lengths: lengths, target: target)] }
    try expectOutputs(golden["lstm"], { TranslationLSTM($0, Self.lstmSizes) }) {
      [$0(source, lengths: lengths, target: target)]
    }
  }

  @Test func decodingStepByStepIsTeacherForcing() throws {
    let scope = ParameterStore(seed: 3).scope
    try expectSameLogits(TranslationTransformer(scope / "transformer", Self.transformerSizes))
    try expectSameLogits(TranslationLSTM(scope / "lstm", Self.lstmSizes))
  }

  private func expectSameLogits<Model: TranslationModel>(
    _ model: Model, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let whole = model(source, lengths: lengths, target: target)
    var state = model.start(source, lengths: lengths, capacity: 8)
    for time in 0..<5 {
      let logits = model.next(target[.all, time], &state)
      let error = abs(logits - whole[.all, time]).max().item
      #expect(error < 1e-5, "token \(time) differs by \(error)", sourceLocation: sourceLocation)
    }
  }

  /// What lies behind the end of a source must not change its translation.
  @Test func paddingIsNotSeen() throws {
    let scope = ParameterStore(seed: 3).scope
    let models: [any TranslationModel] = [
      TranslationTransformer(scope / "transformer", Self.transformerSizes),
      TranslationLSTM(scope / "lstm", Self.lstmSizes),
    ]
    for model in models {
      let padded = model(source, lengths: lengths, target: target)[1]
      let alone = model(source[1..<2, 0..<4], lengths: lengths[1..<2], target: target[1..<2])[0]
      let error = abs(padded - alone).max().item
      #expect(error < 1e-5, "\(type(of: model)) differs by \(error)")
    }
  }

  /// From learning to beam search: each sequence comes out in reverse.
  @Test func modelsLearnToReverse() throws {
    let scope = ParameterStore(seed: 1)
    let lstm = ParameterStore(seed: 1)
    try expectReversal(TranslationTransformer(scope.scope, Self.transformerSizes))
    try expectReversal(TranslationLSTM(lstm.scope, Self.lstmSizes))
  }

  private func expectReversal<Model: TranslationModel>(
    _ model: Model, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let rows: [[Int64]] = [[4, 5, 6, 7], [8, 9, 10, 11], [6, 4, 11, 9], [7, 7, 5, 10]]
    let source = Tensor(rows.map { $0 + [3] })
    let lengths = Tensor(rows.map { Int64($0.count + 1) })
    let target = Tensor(rows.map { [2] + $0.reversed() })
    let labels = Tensor(rows.map { $0.reversed() + [3] })
    let step = Step<Model, Batch>(model, Adam(learningRate: 1e-2)) { model, batch in
      crossEntropy(logits: model(batch.x, lengths: lengths, target: target), labels: batch.y)
    }
    for _ in 0..<100 { try step(Batch(x: source, y: labels)) }
    let search = BeamSearch(width: 3, maximumLength: 8, endToken: 3)
    let found = try TranslationDecoder(model, search)(source, lengths: lengths, startToken: 2)
    let best = found.map { $0.first?.tokens ?? [] }
    let right = rows.map { $0.reversed().map(Int.init) + [3] }
    #expect(best == right, sourceLocation: sourceLocation)
  }

  @Test func sourcesThatDoNotFitAreNamed() {
    let model = TranslationLSTM(ParameterStore().scope, Self.lstmSizes)
    #expect(throws: TensorError.self) {
      try withTensorErrors { model(source, lengths: Tensor([1] as [Int64]), target: target) }
    }
  }
}
