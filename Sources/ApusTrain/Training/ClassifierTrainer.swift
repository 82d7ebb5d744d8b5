import Apus
import ApusData
import ApusFormats
import Foundation

/// Trains a classifier for images, as `apus train` does: a ``Trainer`` with validation after each epoch
/// and checkpoints, and at the end the bundle and the report.
public struct ClassifierTrainer {
  public let configuration: TrainingConfiguration
  public let dataset: ImageDataset
  public let folder: RunFolder
  private let recipe: ClassifierRecipe?
  private let progress: any ProgressRenderer
  private let shouldStop: (Checkpoint.Position) -> Bool

  /// How training ended.
  public enum Outcome {
    case finished(Result)
    /// Someone asked to stop; the last checkpoint has everything to go on.
    case stopped(Checkpoint.Position)
  }

  /// A finished run.
  public struct Result: Sendable {
    public var configuration: TrainingConfiguration
    public var classifier: Classifier
    public var evaluation: Evaluation
    public var position: Checkpoint.Position
  }

  /// - Parameters:
  ///   - recipe: batches and optimizer where they are to be others than the configuration's.
  ///   - shouldStop: asked after each step whether to save and stop.
  public init(
    _ configuration: TrainingConfiguration, _ dataset: ImageDataset, folder: RunFolder,
    recipe: ClassifierRecipe? = nil, progress: any ProgressRenderer = PlainProgress(),
    shouldStop: @escaping (Checkpoint.Position) -> Bool = { _ in Interruption.signal != nil }
  ) {
    self.configuration = configuration
    self.dataset = dataset
    self.folder = folder
    self.recipe = recipe
    self.progress = progress
    self.shouldStop = shouldStop
  }

  /// Trains from the beginning, or on from a checkpoint.
  ///
  /// - Throws: `FormatError` where a file cannot be written, ``TrainingError`` where the loss is no
  ///   number any more. The checkpoint that was there before stays whole.
  public func run(from checkpoint: Checkpoint? = nil) async throws -> Outcome {
    let description = RunDescription(seed: configuration.seed)
    let settings = try configuration.yaml()
    if checkpoint == nil { try folder.begin(configuration: settings, description) }
    let classifier = try makeClassifier()
    try classifier.checkExport()
    try MetricCatalog.check(configuration.metrics, classes: dataset.classNames.count)
    let source = try recipe?.source ?? configuration.makeLoader(dataset)
    let losses = MetricHistory()
    let step =
      try recipe?.makeStep(classifier, seed: configuration.seed)
      ?? configuration.makeStep(classifier, stepsPerEpoch: source.batchCount, history: losses)
    var evaluation: Evaluation?
    let trainer = try Trainer(
      step, classifier.store, source: source, options: configuration.stepOptions,
      configuration: settings, folder: folder,
      callbacks: try configuration.makeCallbacks(history: losses) + [
        ProgressDisplay(progress, title: title(classifier), unit: "images")
      ],
      validation: {
        // Where weights are averaged, the averages are what is evaluated and saved.
        try classifier.store.withValues(step.averagedParameters) {
          let (found, metrics) = try evaluate(classifier)
          evaluation = found
          return metrics
        }
      }, shouldStop: shouldStop)
    let end = try await trainer.run(from: checkpoint)
    let position = trainer.context.position
    if end == .interrupted { return .stopped(position) }
    try classifier.store.load(step.averagedParameters, strict: false)
    let result = Result(
      configuration: configuration, classifier: classifier,
      evaluation: try evaluation ?? classifier.evaluate(dataset.heldOut), position: position)
    try finish(result, description)
    return .finished(result)
  }

  // MARK: - Parts

  private func makeClassifier() throws -> Classifier {
    let store = ParameterStore(seed: configuration.seed)
    let classifier = try Classifier(
      configuration.model, size: dataset.size, classNames: dataset.classNames,
      normalization: Normalization(of: dataset.training), store: store)
    try store.materialize()
    return classifier
  }

  private func evaluate(_ classifier: Classifier) throws -> (Evaluation, [String: Double]) {
    let scores = try classifier.scores(dataset.heldOut)
    let labels = dataset.heldOut.labels
    let found = try Evaluation(classNames: dataset.classNames, scores: scores, labels: labels)
    var metrics = ["loss": found.loss, "accuracy": found.accuracy]
    for name in configuration.metrics {
      metrics[name] = try MetricCatalog.value(name, scores, labels)
    }
    return (found, metrics)
  }

  /// Writes bundle and report.
  private func finish(_ result: Result, _ description: RunDescription) throws {
    let record = TrainingRecord(
      apusVersion: ApusVersion.current, seed: configuration.seed, data: configuration.data,
      heldOut: configuration.heldOut, epochs: result.position.epoch,
      metrics: ["accuracy": result.evaluation.accuracy, "loss": result.evaluation.loss], date: Date())
    try result.classifier.save(to: folder.path, name: configuration.model.name, training: record)
    let report = HTMLReport(result, description, images: dataset.heldOut)
    try AtomicFile.write(report.html, to: folder.report)
  }

  private func title(_ classifier: Classifier) -> String {
    "\(configuration.model) with \(grouped(classifier.store.trainableCount)) parameters "
      + "on \(dataset.name): \(grouped(dataset.training.count)) images to train on, "
      + "\(grouped(dataset.heldOut.count)) held out"
  }
}
