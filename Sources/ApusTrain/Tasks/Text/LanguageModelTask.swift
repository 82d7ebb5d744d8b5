import Apus
import ApusData
import ApusFormats
import ApusModels
import ApusRuntime
import Foundation

/// A text, of which a model learns what comes next.
struct LanguageModelTask: TrainingTask {
  /// What is measured: the mean cross-entropy of a token, and its exponential.
  static let metrics = ["loss", MetricName.perplexity]

  let store: ParameterStore
  let source: any BatchSource<Batch>
  let inference: Inference<Batch>
  let text: EncodedText
  private let model: LanguageModel
  private let configuration: TrainingConfiguration
  private let lossFunction: LossCatalog.Function
  private let heldOut: Loader<Batch>
  /// The mean cross-entropy of a batch of what is held out.
  private let measure: Compiled<Batch, Tensor>
  /// Where reading goes on, of what is trained on and of what is held out; nil for models that see a window alone.
  private let carried: (training: StoredLSTMState, heldOut: StoredLSTMState)?

  /// Parameters of this name are no part of the model.
  private static let carriedPrefix = "carried"
  /// Tokens that it writes for the report.
  private static let sampleLength = 500

  init(_ configuration: TrainingConfiguration, _ store: ParameterStore) throws {
    try MetricCatalog.check(configuration, thereAre: LanguageModelTask.metrics)
    let text = try EncodedText(configuration)
    let model = try withTensorErrors {
      try ModelCatalog.languageModel(
        configuration.model, store.scope, TextShape(vocabulary: text.tokens.count, length: text.length))
    }
    let (batchSize, length) = (configuration.batchSize, text.length)
    heldOut = Loader.parallelStreams(
      of: text.heldOut, length: length, batchSize: min(batchSize, (text.heldOut.count - 1) / length))
    switch model {
    case .gpt:
      // As many tokens as the text has.
      let batches = max(1, text.training.count / (length * batchSize))
      source = Loader.randomWindows(
        of: text.training, length: length, batchSize: batchSize, batches: batches, seed: configuration.seed)
      carried = nil
      measure = compiled { crossEntropy(logits: model.logits($0.x), labels: $0.y) }
    case .lstm(let lstm):
      guard (text.training.count - 1) / batchSize >= length else {
        throw ConfigurationError(
          "'batchSize' \(batchSize) is too large: \(text.training.count) tokens to train on have no \(batchSize) "
            + "streams of windows of \(length).")
      }
      source = Loader.parallelStreams(of: text.training, length: length, batchSize: batchSize)
      let training = StoredLSTMState(store.scope / LanguageModelTask.carriedPrefix, for: lstm, batch: batchSize)
      let reading = StoredLSTMState(ParameterStore().scope, for: lstm, batch: heldOut.batchSize)
      carried = (training, reading)
      measure = compiled { batch in
        let result = lstm.run(batch.x, state: reading.value)
        reading.value = result.state
        return crossEntropy(logits: result.output, labels: batch.y)
      }
    }
    inference = Inference { model.logits($0.x) }
    lossFunction = try configuration.makeLoss(.classes(text.tokens.count))
    self.text = text
    self.model = model
    self.store = store
    self.configuration = configuration
  }

  var unit: String { "windows" }
  var heldOutCount: Int { heldOut.count }
  var evaluationBatchSize: Int { heldOut.batchSize }
  var inputs: [String: [Int]] { ["tokens": [text.length]] }
  var metricNames: [String] { LanguageModelTask.metrics }

  func loss(_ batch: Batch) throws -> Tensor {
    guard case .lstm(let lstm) = model, let state = carried?.training else {
      return lossFunction(model.logits(batch.x), batch.y)
    }
    let result = lstm.run(batch.x, state: state.value)
    state.value = result.state
    return lossFunction(result.output, batch.y)
  }

  func example(_ count: Int) -> Batch {
    Batch(x: .zeros([count, text.length], dtype: .i64), y: .zeros([count, text.length], dtype: .i64))
  }

  func evaluationCost(batch: Int) throws -> Cost { try measure.cost(of: example(batch)) }

  /// An epoch is over: the next one begins where the streams begin, and so does what is held out.
  func evaluate() throws -> (metrics: [String: Double], findings: Void) {
    carried?.training.clear()
    carried?.heldOut.clear()
    let epoch: Loader<Batch>.Epoch = heldOut.epoch(0)
    var sum = 0.0
    for index in 0..<heldOut.batchCount { sum += try measure(epoch.batch(index)).item }
    let mean = sum / Double(heldOut.batchCount)
    return (["loss": mean, MetricName.perplexity: exp(mean)], ())
  }

  // MARK: - What is left

  func save(to folder: RunFolder, _ record: TrainingRecord) throws {
    let encoding = try text.tokens.saved(to: folder)
    try SavedModel(configuration, record, encoding).save(store, to: folder) {
      !$0.hasPrefix(LanguageModelTask.carriedPrefix + ".")
    }
  }

  func describe(_ findings: Void, in page: inout ReportPage) throws {
    let start = text.tokens.encode("\n").first ?? text.training[0]
    let count = LanguageModelTask.sampleLength
    let sample = try model.written(after: [start], count: count, seed: configuration.seed)
    page.add(
      .texts([("\(count) tokens, temperature 0.8", text.tokens.decode(sample))]), under: "What it writes")
  }
}
