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
  static let dataName: String? = "multi30k"

  enum ModelName: String, ExpressibleByArgument, CaseIterable { case lstm, transformer }

  @OptionGroup var options: ExampleOptions

  @Option(help: "lstm or transformer.")
  var model = ModelName.transformer

  @Option(help: "How often all pairs are seen.")
  var epochs: Int?

  @Option(help: "The greatest learning rate.")
  var learningRate: Double?

  @Flag(help: "Go on from the last checkpoint of the output folder.")
  var resume = false

  /// What the models differ in beside themselves.
  struct Recipe {
    var epochs: Int
    var learningRate: Double
    var labelSmoothing: Double
    var bar: Double
    /// Of beam search.
    var lengthPenalty: Double
  }

  func train() async throws -> ExampleScore {
    let isShort = options.isShort
    let data = try TranslationData(
      path: try dataPath(), vocabularySize: isShort ? 600 : 4_000,
      limit: isShort ? 64 : nil)
    let store = ParameterStore(seed: options.seed)
    let vocabulary = data.encoding.count
    switch model {
    case .transformer:
      var sizes = TranslationTransformer.Configuration(vocabulary: vocabulary)
      if isShort {
        sizes.layers = TransformerConfiguration(
          width: 64, heads: 4, feedForward: 128, dropout: 0, isNormFirst: true)
      }
      let recipe = Recipe(
        epochs: 12, learningRate: 1.5e-3, labelSmoothing: 0.1, bar: 33, lengthPenalty: 1)
      return try await train(TranslationTransformer(store.scope, sizes), store, data, recipe)
    case .lstm:
      var sizes = TranslationLSTM.Configuration(vocabulary: vocabulary)
      if isShort { (sizes.width, sizes.hidden, sizes.dropout) = (64, 128, 0) }
      let recipe = Recipe(
        epochs: 10, learningRate: 2e-3, labelSmoothing: 0.1, bar: 28, lengthPenalty: 1)
      return try await train(TranslationLSTM(store.scope, sizes), store, data, recipe)
    }
  }

  private func train<Model: TranslationModel>(
    _ model: Model, _ store: ParameterStore, _ data: TranslationData, _ recipe: Recipe
  ) async throws -> ExampleScore {
    let isShort = options.isShort
    let epochs = epochs ?? (isShort ? 80 : recipe.epochs)
    let source = TranslationData.loader(
      data.training, batchSize: isShort ? 32 : 128, seed: options.seed)
    let total = epochs * source.batchCount
    let rate = learningRate ?? (isShort ? 5e-3 : recipe.learningRate)
    let optimizer = AdamW(
      learningRate: .warmupCosine(rate, warmup: total / 10, total: total), beta2: 0.98,
      epsilon: 1e-9, weightDecay: 1e-4
    ).after(.clip(norm: 1)).averaging(.ema(decay: isShort ? 0.5 : 0.998))
    let step = Step<Model, TranslationBatch>(
      model, optimizer, seed: options.seed, precision: isShort ? nil : .bf16
    ) { model, batch in
      Translation.loss(model, batch, labelSmoothing: isShort ? 0 : recipe.labelSmoothing)
    }
    var held: [TranslationBatch] = []
    let loader = TranslationData.loader(data.validation, batchSize: 128, seed: 0)
    for try await batch in loader.epoch(0) { held.append(batch) }
    let loss = compiled { (batch: TranslationBatch) in Translation.loss(model, batch) }

    Interruption.watch()
    try folder.prepare()
    let about = RunDescription(seed: options.seed)
    let settings = [("model", self.model.rawValue), ("epochs", "\(epochs)"), ("learning rate", "\(rate)")]
    try folder.begin(
      configuration: settings.map { "\($0.0.replacing(" ", with: "_")): \($0.1)\n" }.joined(), about)
    let trainer = try Trainer(
      step, store, source: source,
      options: TrainingOptions(
        epochs: epochs, validateEvery: isShort ? total : nil, readEvery: 20), folder: folder,
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
    let last = resume ? try Checkpoint(path: folder.lastCheckpoint) : nil
    guard case .finished = try await trainer.run(from: last) else { throw ExitCode(130) }

    let search = BeamSearch(
      width: 5, maximumLength: 60, endToken: TranslationData.end, lengthPenalty: recipe.lengthPenalty)
    let found = try store.withValues(step.averagedParameters) {
      try Translation.translate(data.test.sources, data, TranslationDecoder(model, search))
    }
    var bleu = BLEU()
    try bleu.update(found, data.test.targets.map { [$0] })
    try report(trainer.context, found, data.test, bleu, settings)
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
    _ context: TrainingContext, _ found: [String], _ test: TranslationData.Texts, _ bleu: BLEU,
    _ settings: [(String, String)]
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
    try AtomicFile.write(page.html, to: folder.report)
    try AtomicFile.write(found.map { $0 + "\n" }.joined(), to: folder.path + "/test_2016.de")
  }
}
