import Apus
import ApusData
import ApusModels
import ApusTrain
import ArgumentParser

/// What do questions ask for? Six classes, by convolutions over words that are learned with the rest.
struct TREC: Example {
  static let configuration = CommandConfiguration(
    commandName: "trec", abstract: "A text CNN on TREC's questions: at least 88 % test accuracy.")
  static let dataNames = ["trec"]

  @OptionGroup var options: ExampleOptions

  func train() async throws -> ExampleScore {
    let path = try dataPath()
    let training = try Questions(path: path + "/TREC.train")
    let test = try Questions(path: path + "/TREC.test")
    let classes = Set(training.kinds).sorted()
    // Words seen once stand for those that were never seen.
    let vocabulary = Vocabulary(
      counting: training.words, minFrequency: 2, specials: [Vocabulary.pad, Vocabulary.unknown])
    let questions = training.encoded(vocabulary, classes)
    let lengths = questions.samples.map(\.tokens.count)
    let source = Loader(
      questions, batchSize: 50, sampler: .bucketed(lengths: lengths), seed: options.seed, dropsLast: true
    ) { QuestionBatch($0) }
    let heldOut = try test.encoded(vocabulary, classes).batched(100).samples().map { QuestionBatch($0) }

    let store = ParameterStore(seed: options.seed)
    let model = TextCNN(store.scope, vocabulary: vocabulary.count, classes: classes.count)
    let epochs = options.isShort ? 2 : 10
    let optimizer = AdamW(learningRate: .cosine(1e-3, total: epochs * source.batchCount))
    let step = Step<TextCNN, QuestionBatch>(model, optimizer, seed: options.seed) { model, batch in
      crossEntropy(logits: model(batch.questions.values, lengths: batch.questions.lengths), labels: batch.labels)
    }
    let classify = compiled { (batch: PaddedBatch) in model(batch.values, lengths: batch.lengths).argMax(axis: -1) }
    let trainer = try Trainer(
      step, store, source: source, options: TrainingOptions(epochs: epochs, readEvery: 20), folder: folder,
      callbacks: [
        ProgressDisplay(title: "Text CNN on TREC", unit: "questions"), Checkpointing(), HistoryFile(),
        ReportFile(title: "A text CNN on TREC's questions", RunDescription(seed: options.seed)),
      ]
    ) {
      var hits = 0
      for batch in heldOut {
        let isRight = try classify(batch.questions) .== batch.labels
        hits += Int(isRight.to(.i64).sum().item)
      }
      return ["accuracy": Double(hits) / Double(test.words.count)]
    }
    try await complete(trainer, from: start())
    return ExampleScore(name: "test accuracy", value: trainer.context.validated("accuracy"), bar: 0.88, isShare: true)
  }
}
