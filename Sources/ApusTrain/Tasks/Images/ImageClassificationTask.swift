import Apus
import ApusData
import ApusFormats
import ApusRuntime

/// Images to classes. What it leaves is a bundle.
struct ImageClassificationTask: TrainingTask {
  let classifier: Classifier
  let source: any BatchSource<Batch>
  private let dataset: ImageDataset
  private let configuration: TrainingConfiguration
  private let lossFunction: LossCatalog.Function

  /// - Parameter source: batches to train on where they are to be others than the configuration's.
  init(
    _ configuration: TrainingConfiguration, _ dataset: ImageDataset, _ store: ParameterStore,
    source: (any BatchSource<Batch>)? = nil
  ) throws {
    let target = PredictionTarget.classes(dataset.classNames.count)
    try MetricCatalog.check(configuration.metrics, target)
    classifier = try Classifier(
      configuration.model, size: dataset.size, classNames: dataset.classNames,
      normalization: Normalization(of: dataset.training), store: store)
    self.source = try source ?? configuration.makeLoader(dataset)
    self.dataset = dataset
    self.configuration = configuration
    lossFunction = try configuration.makeLoss(target)
  }

  var store: ParameterStore { classifier.store }
  var unit: String { "images" }
  var heldOutCount: Int { dataset.heldOut.count }
  var classNames: [String]? { dataset.classNames }
  var metricNames: [String] { ["loss", "accuracy"] + configuration.metrics }
  var inference: Inference<Batch> { Inference { [classifier] in classifier.logits($0.x) } }
  var evaluationBatchSize: Int { Classifier.batchSize }
  var inputs: [String: [Int]] { ["image": [dataset.size.height, dataset.size.width, dataset.size.channels]] }

  func loss(_ batch: Batch) -> Tensor { lossFunction(classifier.logits(batch.x), batch.y) }

  func example(_ count: Int) -> Batch {
    configuration.exampleBatch(count, dataset)
  }

  func cost(batch: Int) throws -> Cost { try classifier.cost(batch: batch) }

  func evaluate() throws -> (metrics: [String: Double], findings: Evaluation) {
    let scores = try classifier.scores(dataset.heldOut)
    return try configuration.evaluation(scores, dataset.heldOut.labels, dataset.classNames)
  }

  func checkExport() throws { try classifier.checkExport() }

  func save(to folder: RunFolder, _ record: TrainingRecord) throws {
    try classifier.save(to: folder.path, name: configuration.model.name, training: record)
    _ = try folder.writeSample(of: dataset)
  }

  func writeReport(_ run: TaskRun, _ findings: Evaluation) throws {
    let result = ClassifierTrainer.Result(
      configuration: configuration, classifier: classifier, evaluation: findings, position: run.context.position)
    let report = HTMLReport(result, run.description, images: dataset.heldOut)
    try AtomicFile.write(report.html, to: run.folder.report)
  }

  func summary(_ findings: Evaluation, _ metrics: [String: Double]) -> String {
    findings.summary(heldOutCount, unit)
  }

  func suggestions(_ folder: RunFolder) -> [String] {
    ["predict \(folder.path) \(folder.sample)", "evaluate \(folder.path)", "inspect \(folder.path)"]
  }
}

extension TrainingConfiguration {
  /// A batch of the types that the loader of images makes, all zeros.
  func exampleBatch(_ count: Int, _ dataset: ImageDataset) -> Batch {
    let names = Set(transforms?.map(\.name) ?? [])
    let size = dataset.size
    let isSoft = names.contains("mixUp") || names.contains("cutMix")
    return Batch(
      x: .zeros(
        [count, size.height, size.width, size.channels], dtype: names.contains("mixUp") ? .f32 : .u8),
      y: isSoft
        ? .zeros([count, dataset.classNames.count], dtype: .f32) : .zeros([count], dtype: .i64))
  }
}
