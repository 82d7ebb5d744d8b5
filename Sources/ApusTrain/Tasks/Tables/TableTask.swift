import Apus
import ApusData
import ApusFormats
import ApusRuntime

/// Rows of a table to classes, or to a number.
struct TableTask: TrainingTask {
  let store: ParameterStore
  let source: any BatchSource<TableBatch>
  let inference: Inference<TableBatch>
  let data: TableData
  private let configuration: TrainingConfiguration
  private let forward: @Sendable (TableBatch) throws -> Tensor
  private let lossFunction: LossCatalog.Function

  /// What was found of the rows that are held out.
  enum Findings {
    case classes(Evaluation)
    /// In the column's own unit.
    case numbers(predicted: [Double], actual: [Double])
  }

  init(_ configuration: TrainingConfiguration, _ store: ParameterStore) throws {
    let data = try TableData(configuration)
    let target = data.target.predicted
    try MetricCatalog.check(configuration.metrics, target)
    let shape = TabularShape(
      numbers: data.encoder.numberCount, categories: data.encoder.categorical.map(\.count), target: target)
    let model = try withTensorErrors { try ModelCatalog.tabular(configuration.model, store.scope, shape) }
    forward = { batch in
      let output = model(numbers: batch.numbers, categories: batch.categories)
      return target == .numbers ? output.squeezed(-1) : output
    }
    inference = Inference(forward)
    lossFunction = try configuration.makeLoss(target)
    source = data.training.loader(batchSize: configuration.batchSize, seed: configuration.seed)
    self.store = store
    self.data = data
    self.configuration = configuration
  }

  var unit: String { "rows" }
  var heldOutCount: Int { data.heldOut.count }
  var evaluationBatchSize: Int { 2_048 }
  var inputs: [String: [Int]] {
    ["numbers": [data.encoder.numberCount], "categories": [data.encoder.categorical.count]]
  }
  var classNames: [String]? { if case .classes(let names) = data.target { names } else { nil } }
  var metricNames: [String] {
    ["loss", classNames == nil ? MetricName.mae : MetricName.accuracy] + configuration.metrics
  }

  func loss(_ batch: TableBatch) throws -> Tensor {
    let targets = classNames == nil ? batch.targets : batch.targets.to(.i64)
    return lossFunction(try forward(batch), targets)
  }

  func example(_ count: Int) -> TableBatch {
    TableBatch(
      numbers: .zeros([count, data.encoder.numberCount]),
      categories: .zeros([count, data.encoder.categorical.count], dtype: .i64), targets: .zeros([count]))
  }

  func evaluate() throws -> (metrics: [String: Double], findings: Findings) {
    var outputs: [Float] = []
    for start in stride(from: 0, to: data.heldOut.count, by: evaluationBatchSize) {
      let rows = Array(start..<min(start + evaluationBatchSize, data.heldOut.count))
      outputs += try inference(data.heldOut.batch(rows)).array(of: Float.self)
    }
    let targets = data.heldOut.targets
    if let classNames {
      let scores = try ClassScores(outputs, classes: classNames.count)
      let (metrics, found) = try configuration.evaluation(scores, targets.map { Int($0) }, classNames)
      return (metrics, .classes(found))
    }
    let (predicted, actual) = (outputs.map(data.target.original), targets.map(data.target.original))
    var metrics = ["loss": lossFunction(Tensor(outputs), Tensor(targets)).item]
    for name in Set(metricNames) {
      guard let kind = RegressionMetric.Kind(rawValue: name) else { continue }
      var metric = RegressionMetric(kind)
      try metric.update(predicted, actual)
      metrics[name] = metric.value
    }
    return (metrics, .numbers(predicted: predicted, actual: actual))
  }

  // MARK: - What is left

  /// Beside the weights what is needed to use them.
  private struct Encoding: Encodable {
    var encoder: TableEncoder
    var target: TableTarget
  }

  func save(to folder: RunFolder, _ record: TrainingRecord) throws {
    try SavedModel(configuration, record, Encoding(encoder: data.encoder, target: data.target)).save(store, to: folder)
  }

  func describe(_ findings: Findings, in page: inout ReportPage) throws {
    switch findings {
    case .classes(let evaluation): page.add(evaluation)
    case .numbers(let predicted, let actual):
      page.add(
        .charts([TableTask.chart(predicted, actual)]), under: "Predictions",
        note: "Held-out rows in the order of what they are, at most 200 of them.")
    }
  }

  private static func chart(_ predicted: [Double], _ actual: [Double]) -> ReportPage.Chart {
    let order = actual.indices.sorted { (actual[$0], $0) < (actual[$1], $1) }
    let count = min(200, order.count)
    let shown = (0..<count).map { order[$0 * order.count / count] }
    return .init(
      "Held-out rows", step: "row",
      lines: [("predicted", shown.map { predicted[$0] }), ("actual", shown.map { actual[$0] })])
  }

  func summary(_ findings: Findings, _ metrics: [String: Double]) -> String {
    if case .classes(let evaluation) = findings { return evaluation.summary(heldOutCount, unit) }
    return figures(metrics)
  }
}
