import Apus
import ApusData
import ApusModels
import ApusTrain
import ArgumentParser

/// An embedding network on the census table of Kohavi (1996): whose income is above 50,000 dollars.
struct Adult: Example {
  static let configuration = CommandConfiguration(
    commandName: "adult", abstract: "An MLP with embeddings on the adult income table: at least 0.91 AUC.")
  static let dataNames = ["adult", "tabular/jbrownlee"]

  @OptionGroup var options: ExampleOptions

  func train() async throws -> ExampleScore {
    let data = try AdultTable(folder: dataPath(), seed: options.seed)
    let epochs = options.isShort ? 2 : 12
    let source = data.training.loader(batchSize: 256, seed: options.seed)

    let store = ParameterStore(seed: options.seed)
    let model = TabularMLP(
      store.scope,
      .init(numbers: data.encoder.numberCount, categories: data.encoder.categorical.map(\.count)))
    let total = epochs * source.batchCount
    let optimizer = AdamW(learningRate: .warmupCosine(2e-3, warmup: total / 10, total: total), weightDecay: 0.02)
    let step = Step(model, optimizer, seed: options.seed) { (model, batch: TableBatch) in
      let logits = model(numbers: batch.numbers, categories: batch.categories).squeezed(-1)
      return binaryCrossEntropyWithLogits(logits, batch.targets)
    }
    let logits = compiled { (batch: TableBatch) in
      model(numbers: batch.numbers, categories: batch.categories).squeezed(-1)
    }
    let goal = MetricGoal("validation/loss", .lower)
    let trainer = try Trainer(
      step, store, source: source, options: TrainingOptions(epochs: epochs, readEvery: 20), folder: folder,
      callbacks: [
        ProgressDisplay(title: "MLP on adult income", unit: "rows"), Checkpointing(best: goal),
        EarlyStopping(goal, patience: 4), HistoryFile(),
      ]
    ) { try TableScore(data.heldOut, logits).metrics }
    try await complete(trainer, from: start())
    try store.load(Checkpoint(path: folder.bestCheckpoint).model)
    let test = try TableScore(data.test, logits)
    try report(trainer.context, data, test)
    return ExampleScore(name: "test AUC", value: test.area, bar: 0.91)
  }

  private func report(_ context: TrainingContext, _ data: AdultTable, _ test: TableScore) throws {
    var page = ReportPage(title: "Adult income")
    page.add(.tiles([
      .init("test AUC", decimal(test.area, 4)), .init("test accuracy", percent(test.accuracy)),
      .init("parameters", "\(context.store.trainableCount)"),
      .init("rows to train on", "\(data.training.count)"),
    ]))
    page.add(.curves(context.position.history))
    page.add(
      .table(head: ["actual", "said below", "said above"], rows: test.table), under: "Test rows",
      note: "Above means a probability of at least one half.")
    page.add(.charts([test.rocCurve]), under: "Share found for each share of false alarms, in percent")
    try write(page)
  }
}
