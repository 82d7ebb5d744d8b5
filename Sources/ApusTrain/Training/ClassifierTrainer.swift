import Apus
import ApusData

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
    let store = ParameterStore(seed: configuration.seed)
    let task = try ImageClassificationTask(configuration, dataset, store, source: recipe?.source)
    let trainer = TaskTrainer(
      configuration: configuration, task: task, folder: folder, progress: progress, shouldStop: shouldStop,
      ownStep: recipe?.makeStep(task.classifier, seed: configuration.seed))
    let result = try await trainer.run(from: checkpoint)
    guard let (_, evaluation) = result.evaluation else { return .stopped(result.position) }
    return .finished(
      Result(
        configuration: configuration, classifier: task.classifier, evaluation: evaluation, position: result.position))
  }
}
