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
  private let recipe: ClassifierRecipe
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
  ///   - recipe: batches and optimizer where they are to be others than `apus train`'s.
  ///   - shouldStop: asked after each step whether to save and stop.
  public init(
    _ configuration: TrainingConfiguration, _ dataset: ImageDataset, folder: RunFolder,
    recipe: ClassifierRecipe? = nil, progress: any ProgressRenderer = PlainProgress(),
    shouldStop: @escaping (Checkpoint.Position) -> Bool = { _ in Interruption.signal != nil }
  ) {
    self.configuration = configuration
    self.dataset = dataset
    self.folder = folder
    self.recipe = recipe ?? ClassifierRecipe(configuration, dataset)
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
    let step = recipe.makeStep(classifier, seed: configuration.seed)
    var evaluation: Evaluation?
    let trainer = try Trainer(
      step, classifier.store, source: recipe.source,
      options: TrainingOptions(epochs: configuration.epochs), configuration: settings,
      folder: folder,
      callbacks: [
        Checkpointing(best: MetricGoal("validation/accuracy", .higher)), HistoryFile(),
        ProgressDisplay(progress, title: title(classifier), unit: "images"),
      ],
      validation: {
        let found = try classifier.store.withValues(step.averagedParameters) {
          try classifier.evaluate(dataset.heldOut)
        }
        evaluation = found
        return ["loss": found.loss, "accuracy": found.accuracy]
      }, shouldStop: shouldStop)
    let end = try await trainer.run(from: checkpoint)
    let position = trainer.context.position
    guard end == .finished else { return .stopped(position) }
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
      architecture: configuration.model, size: dataset.size, classNames: dataset.classNames,
      normalization: Normalization(of: dataset.training), store: store)
    try store.materialize()
    return classifier
  }

  /// Writes bundle and report.
  private func finish(_ result: Result, _ description: RunDescription) throws {
    let record = TrainingRecord(
      apusVersion: ApusVersion.current, seed: configuration.seed, data: configuration.data,
      epochs: configuration.epochs,
      metrics: ["accuracy": result.evaluation.accuracy, "loss": result.evaluation.loss], date: Date())
    try result.classifier.save(to: folder.path, name: configuration.model, training: record)
    let report = HTMLReport(result, description, images: dataset.heldOut)
    try AtomicFile.write(report.html, to: folder.report)
  }

  private func title(_ classifier: Classifier) -> String {
    "\(configuration.model) with \(grouped(classifier.store.trainableCount)) parameters "
      + "on \(dataset.name): \(grouped(dataset.training.count)) images to train on, "
      + "\(grouped(dataset.heldOut.count)) held out"
  }
}
