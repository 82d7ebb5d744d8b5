import Apus
import ApusData
import ApusFormats
import ApusModels
import ApusTrain
import ArgumentParser
import Foundation

/// English captions of pictures to German.
struct Translation: Example {
  static let configuration = CommandConfiguration(
    commandName: "translation",
    abstract: "Multi30k, English to German: BLEU of at least 33 (transformer) or 28 (LSTM with attention).")
  static let dataNames = ["multi30k"]

  enum ModelName: String, ExpressibleByArgument, CaseIterable { case lstm, transformer }

  @OptionGroup var options: ExampleOptions

  @Option(help: "lstm or transformer.")
  var model = ModelName.transformer

  @Option(help: "How often all pairs are seen.")
  var epochs: Int?

  @Option(help: "The greatest learning rate.")
  var learningRate: Double?

  var settings: [(String, String)] {
    let recipe = recipe
    return [
      ("model", model.rawValue), ("epochs", "\(recipe.epochs)"), ("learning rate", "\(recipe.learningRate)"),
    ]
  }

  /// What the models differ in beside themselves.
  private struct Recipe {
    var epochs: Int
    var learningRate: Double
    var bar: Double
    var labelSmoothing = 0.1
    var averageDecay = 0.998
  }

  private var recipe: Recipe {
    var recipe = switch model {
    case .transformer: Recipe(epochs: 12, learningRate: 1.5e-3, bar: 33)
    case .lstm: Recipe(epochs: 10, learningRate: 2e-3, bar: 28)
    }
    if options.isShort {
      (recipe.epochs, recipe.learningRate, recipe.labelSmoothing, recipe.averageDecay) = (80, 5e-3, 0, 0.5)
    }
    recipe.epochs = epochs ?? recipe.epochs
    recipe.learningRate = learningRate ?? recipe.learningRate
    return recipe
  }

  func train() async throws -> ExampleScore {
    let isShort = options.isShort
    let data = try TranslationData(
      path: try dataPath(), vocabularySize: isShort ? 600 : 4_000, limit: isShort ? 32 : nil)
    let store = ParameterStore(seed: options.seed)
    let vocabulary = data.encoding.count
    switch model {
    case .transformer:
      var sizes = TranslationTransformer.Configuration(vocabulary: vocabulary)
      if isShort {
        sizes.layers = TransformerConfiguration(
          width: 64, heads: 4, feedForward: 128, dropout: 0, isNormFirst: true)
      }
      return try await train(TranslationTransformer(store.scope, sizes), store, data)
    case .lstm:
      var sizes = TranslationLSTM.Configuration(vocabulary: vocabulary)
      if isShort { (sizes.width, sizes.hidden, sizes.dropout) = (64, 128, 0) }
      return try await train(TranslationLSTM(store.scope, sizes), store, data)
    }
  }

  private func train<Model: TranslationModel>(
    _ model: Model, _ store: ParameterStore, _ data: TranslationData
  ) async throws -> ExampleScore {
    let isShort = options.isShort
    let recipe = recipe
    let source = TranslationData.loader(
      data.training, batchSize: isShort ? 16 : 128, seed: options.seed)
    let total = recipe.epochs * source.batchCount
    let optimizer = AdamW(
      learningRate: .warmupCosine(recipe.learningRate, warmup: total / 10, total: total), beta2: 0.98,
      epsilon: 1e-9, weightDecay: 1e-4
    ).after(.clip(norm: 1)).averaging(.ema(decay: recipe.averageDecay))
    let step = Step<Model, TranslationBatch>(
      model, optimizer, seed: options.seed, precision: isShort ? nil : .bf16
    ) { model, batch in
      Translation.loss(model, batch, labelSmoothing: recipe.labelSmoothing)
    }
    var held: [TranslationBatch] = []
    let loader = TranslationData.loader(data.validation, batchSize: 128, seed: 0)
    for try await batch in loader.epoch(0) { held.append(batch) }
    let loss = compiled { (batch: TranslationBatch) in Translation.loss(model, batch) }

    let trainer = try Trainer(
      step, store, source: source,
      options: TrainingOptions(
        epochs: recipe.epochs, validateEvery: isShort ? total : nil, readEvery: 20), folder: folder,
      callbacks: [
        Checkpointing(), HistoryFile(),
        ProgressDisplay(title: "\(self.model.rawValue) on Multi30k", unit: "sentences"),
      ]
    ) {
      let sum = try store.withValues(step.averagedParameters) {
        try held.reduce(0) { $0 + (try loss($1).item) }
      }
      return ["loss": sum / Double(held.count)]
    }
    try await complete(trainer, from: start())

    let search = BeamSearch(
      width: 5, maximumLength: 60, endToken: TranslationData.end, lengthPenalty: 1)
    let found = try store.withValues(step.averagedParameters) {
      try Translation.translate(data.test.sources, data, TranslationDecoder(model, search))
    }
    var bleu = BLEU()
    try bleu.update(found, data.test.targets.map { [$0] })
    try report(trainer.context, found, data.test, bleu)
    return ExampleScore(name: "BLEU on test 2016", value: bleu.value, bar: recipe.bar)
  }

  /// The cross-entropy of the next tokens, in nats a token.
  static func loss(
    _ model: some TranslationModel, _ batch: TranslationBatch, labelSmoothing: Double = 0
  ) -> Tensor {
    let logits = model(batch.source, lengths: batch.lengths, target: batch.target)
    return crossEntropy(
      logits: logits, labels: batch.labels, ignoreIndex: TranslationData.pad,
      labelSmoothing: labelSmoothing)
  }

  /// The best translations, sentences of similar length together.
  static func translate(
    _ texts: [String], _ data: TranslationData, _ decoder: TranslationDecoder<some TranslationModel>
  ) throws -> [String] {
    let sources = texts.map { data.encode($0).map(Int64.init) }
    let order = texts.indices.sorted { (sources[$0].count, $0) < (sources[$1].count, $1) }
    var result = Array(repeating: "", count: texts.count)
    for start in stride(from: 0, to: order.count, by: 100) {
      let rows = order[start..<min(start + 100, order.count)]
      let batch = Collate.padded(rows.map { sources[$0] }, value: Int64(TranslationData.pad), multiple: 8)
      let found = try decoder(
        batch.values, lengths: batch.lengths, startToken: TranslationData.begin)
      for (row, hypotheses) in zip(rows, found) {
        result[row] = data.decode(hypotheses.first?.tokens ?? [])
      }
    }
    return result
  }

  private func report(
    _ context: TrainingContext, _ found: [String], _ test: TranslationData.Texts, _ bleu: BLEU
  ) throws {
    let history = context.position.history
    let seconds = history.reduce(0) { $0 + $1.seconds }
    var page = ReportPage(title: "Multi30k, English to German: \(model.rawValue)")
    page.add(.tiles([
      .init("BLEU, test 2016", String(format: "%.2f", bleu.value)),
      .init("steps", "\(context.position.totalSteps)"),
      .init("parameters", "\(context.store.trainableCount)"),
      .init("training time", "\(Int(seconds)) s"),
    ]))
    page.add(.curves(history))
    let rows = stride(from: 0, to: found.count, by: max(found.count / 20, 1)).map {
      [test.sources[$0], test.targets[$0], found[$0]]
    }
    page.add(
      .table(head: ["source", "reference", "translation"], rows: rows), under: "Translations",
      note: "Every \(max(found.count / 20, 1))th sentence of the test. BLEU: \(bleu.signature)")
    page.add(.settings(settings), under: "Settings")
    try write(page)
    try AtomicFile.write(found.map { $0 + "\n" }.joined(), to: folder.path + "/test_2016.de")
  }
}
