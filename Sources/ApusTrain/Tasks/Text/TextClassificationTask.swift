import Apus
import ApusData
import ApusFormats
import ApusRuntime

/// Texts to classes.
struct TextClassificationTask: TrainingTask {
  let store: ParameterStore
  let source: any BatchSource<TextBatch>
  let inference: Inference<TextBatch>
  let encoder: TextEncoder
  private let configuration: TrainingConfiguration
  private let model: TextClassifier
  private let lossFunction: LossCatalog.Function
  private let heldOut: EncodedTexts
  private let heldOutTexts: [String]
  /// Words of the longest row there is.
  private let longest: Int

  init(_ configuration: TrainingConfiguration, _ store: ParameterStore) throws {
    let options = try DataCatalog.catalog.arguments(configuration.source)
    let all = try LabeledTexts(path: configuration.data, options)
    let test = try options.optionalText("test").map { try LabeledTexts(path: $0, options) }
    let (rows, rest) = try configuration.split(all.labels, "texts", testCount: test?.texts.count)
    heldOutTexts = test?.texts ?? rest.map { all.texts[$0] }
    let classes = Set(rows.map { all.labels[$0] }).sorted()
    guard classes.count > 1 else {
      throw options.error("all texts are of the class '\(classes[0])'; there is nothing to learn.")
    }
    let tokenizer = WordTokenizer()
    let words = rows.map { tokenizer.tokens(all.texts[$0]) }
    let vocabulary = Vocabulary(
      counting: words, minFrequency: options.integer("minFrequency"),
      specials: [Vocabulary.pad, Vocabulary.unknown, Vocabulary.begin])
    let encoder = TextEncoder(
      words: vocabulary.tokens, classes: classes, length: options.integer("length"),
      begins: configuration.model.name == TextClassifier.bertName)
    let training = try encoder.encoded(words, rows.map { all.labels[$0] }, configuration.data)
    heldOut = try encoder.encoded(
      heldOutTexts.map(tokenizer.tokens), test?.labels ?? rest.map { all.labels[$0] },
      options.optionalText("test") ?? configuration.data)
    longest = TextEncoder.rounded(max(training.longest, heldOut.longest))

    let target = PredictionTarget.classes(classes.count)
    try MetricCatalog.check(configuration.metrics, target)
    let shape = TextShape(vocabulary: vocabulary.count, length: encoder.positions)
    let model = try withTensorErrors {
      try ModelCatalog.textClassifier(configuration.model, store.scope, shape, classes: classes.count)
    }
    source = Loader(
      sampleCount: training.count, batchSize: configuration.batchSize,
      sampler: .bucketed(lengths: training.rows.map(\.count)), seed: configuration.seed
    ) { training.batch($0.indices) }
    inference = Inference { model.logits($0.texts) }
    lossFunction = try configuration.makeLoss(target)
    self.model = model
    self.encoder = encoder
    self.store = store
    self.configuration = configuration
  }

  var unit: String { "texts" }
  var heldOutCount: Int { heldOut.count }
  var evaluationBatchSize: Int { 128 }
  var inputs: [String: [Int]] { ["words": [longest]] }
  var classNames: [String]? { encoder.classes }
  var metricNames: [String] { ["loss", MetricName.accuracy] + configuration.metrics }

  func loss(_ batch: TextBatch) throws -> Tensor { lossFunction(model.logits(batch.texts), batch.labels) }

  /// Of the longest texts.
  func example(_ count: Int) -> TextBatch {
    TextBatch(
      texts: PaddedBatch(values: .zeros([count, longest], dtype: .i64), lengths: .ones([count], dtype: .i64)),
      labels: .zeros([count], dtype: .i64))
  }

  func evaluate() throws -> (metrics: [String: Double], findings: Evaluation) {
    // Those of one length together.
    let order = heldOut.rows.indices.sorted { (heldOut.rows[$0].count, $0) < (heldOut.rows[$1].count, $1) }
    let classes = encoder.classes.count
    var logits = [Float](repeating: 0, count: order.count * classes)
    for start in stride(from: 0, to: order.count, by: evaluationBatchSize) {
      let places = Array(order[start..<min(start + evaluationBatchSize, order.count)])
      let found = try inference(heldOut.batch(places)).array(of: Float.self)
      for (row, place) in places.enumerated() {
        logits.replaceSubrange(
          place * classes..<(place + 1) * classes, with: found[row * classes..<(row + 1) * classes])
      }
    }
    return try configuration.evaluation(
      ClassScores(logits, classes: classes), heldOut.labels, encoder.classes)
  }

  // MARK: - What is left

  func save(to folder: RunFolder, _ record: TrainingRecord) throws {
    try SavedModel(configuration, record, encoder).save(store, to: folder)
  }

  func describe(_ findings: Evaluation, in page: inout ReportPage) throws {
    page.add(findings)
    let wrong = findings.predictions.enumerated().filter { $0.element.label != $0.element.predicted }
      .sorted { $0.element.probability > $1.element.probability }
    let rows = wrong.prefix(30).map { place, prediction in
      [
        String(heldOutTexts[place].prefix(200)), encoder.classes[prediction.label],
        encoder.classes[prediction.predicted], percent(prediction.probability),
      ]
    }
    page.add(
      .table(head: ["text", "is", "taken for", "probability"], rows: rows), under: "Misclassified texts",
      note: "\(grouped(wrong.count)) of \(grouped(heldOut.count)); the surest mistakes first, at most 30.")
  }

  func summary(_ findings: Evaluation, _ metrics: [String: Double]) -> String {
    findings.summary(heldOutCount, unit)
  }
}
