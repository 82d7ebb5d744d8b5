import Apus
import ApusData
import ApusFormats

/// What a configuration describes, with its data read and its model made: to be trained, or to be told of.
public struct ConfiguredTraining {
  public let configuration: TrainingConfiguration
  private let task: any TrainingTask

  /// A run that is over, or that someone stopped.
  public struct Result: Sendable {
    /// Whether it is over; else the last checkpoint has everything to go on.
    public var isFinished: Bool
    public var position: Checkpoint.Position
    /// Of what is held out, by name.
    public var metrics: [String: Double]
    /// Numbers that were trained.
    public var parameters: Int
    /// What was found, for a terminal.
    public var summary: String
    /// Arguments of `apus` that go on from here.
    public var suggestions: [String]
  }

  /// - Throws: `FormatError` for data that is missing or damaged, ``ConfigurationError`` or `TensorError` where the
  ///   model, the loss or the metrics do not fit it.
  public init(_ configuration: TrainingConfiguration) throws {
    try self.init(configuration, ParameterStore(seed: configuration.seed))
  }

  private init(_ configuration: TrainingConfiguration, _ store: ParameterStore) throws {
    self.configuration = configuration
    task = try configuration.places.filled {
      let task = try ConfiguredTraining.makeTask(configuration, store)
      try configuration.checkWatched(task.metricNames)
      return task
    }
  }

  private static func makeTask(
    _ configuration: TrainingConfiguration, _ store: ParameterStore
  ) throws -> any TrainingTask {
    switch configuration.kind {
    case .images where ModelCatalog.isAutoencoder(configuration.model):
      try AutoencoderTask(configuration, configuration.openDataset(), store)
    case .images: try ImageClassificationTask(configuration, configuration.openDataset(), store)
    case .table: try TableTask(configuration, store)
    case .text: try LanguageModelTask(configuration, store)
    case .texts: try TextClassificationTask(configuration, store)
    case .series: try ForecastTask(configuration, store)
    }
  }

  /// Measures the model that a run has left, on what its configuration holds out; nil where the folder has a bundle,
  /// or nothing.
  public static func evaluation(of folder: RunFolder) throws -> Evaluation? {
    guard let saved = try SavedModelKind(in: folder) else { return nil }
    let configuration = try TrainingConfiguration(path: folder.configuration)
    guard configuration.model.name == saved.architecture else {
      throw FormatError(
        .malformed, folder.model, "its model is '\(saved.architecture)', but config.yaml has '\(configuration.model)'.")
    }
    let weights = try Safetensors.read(path: folder.weights)
    func evaluate(_ task: some TrainingTask) throws -> Evaluation {
      let missing = task.store.trainable.map(\.path).filter { weights[$0] == nil }
      guard missing.isEmpty else {
        throw FormatError(.missing, folder.weights, "it has no tensor '\(missing[0])'.")
      }
      try task.store.load(weights, strict: false)
      let (metrics, findings) = try task.evaluate()
      return Evaluation(
        model: saved.architecture, data: configuration.data, unit: task.unit, count: task.heldOutCount,
        metrics: metrics, summary: task.summary(findings, metrics))
    }
    return try evaluate(ConfiguredTraining(configuration).task)
  }

  /// What a model that was left makes of what was held out.
  public struct Evaluation: Sendable {
    public var model: String
    public var data: String
    /// What samples are called.
    public var unit: String
    public var count: Int
    public var metrics: [String: Double]
    /// For a terminal.
    public var summary: String
  }

  /// Shapes, parameters, work and memory; nothing is trained.
  public static func dryRun(_ configuration: TrainingConfiguration) throws -> DryRun {
    func dryRun(_ task: some TrainingTask) throws -> DryRun { try DryRun(configuration, task) }
    return try dryRun(ConfiguredTraining(configuration, .shapesOnly()).task)
  }

  /// Trains from the beginning, or on from a checkpoint, and leaves model and report in the folder.
  ///
  /// - Parameter shouldStop: asked after each step whether to save and stop.
  /// - Throws: `FormatError` where a file cannot be written, ``TrainingError`` where the loss is no number any more.
  ///   The checkpoint that was there before stays whole.
  public func run(
    in folder: RunFolder, from checkpoint: Checkpoint? = nil, progress: any ProgressRenderer = PlainProgress(),
    shouldStop: @escaping (Checkpoint.Position) -> Bool = { _ in Interruption.signal != nil }
  ) async throws -> Result {
    try await run(task, folder, checkpoint, progress, shouldStop)
  }

  private func run<Task: TrainingTask>(
    _ task: Task, _ folder: RunFolder, _ checkpoint: Checkpoint?, _ progress: any ProgressRenderer,
    _ shouldStop: @escaping (Checkpoint.Position) -> Bool
  ) async throws -> Result {
    let trainer = TaskTrainer(
      configuration: configuration, task: task, folder: folder, progress: progress, shouldStop: shouldStop)
    let result = try await trainer.run(from: checkpoint)
    let parameters = task.store.trainableCount
    guard let (metrics, findings) = result.evaluation else {
      return Result(
        isFinished: false, position: result.position, metrics: [:], parameters: parameters, summary: "",
        suggestions: [])
    }
    return Result(
      isFinished: true, position: result.position, metrics: metrics, parameters: parameters,
      summary: task.summary(findings, metrics), suggestions: task.suggestions(folder))
  }
}
