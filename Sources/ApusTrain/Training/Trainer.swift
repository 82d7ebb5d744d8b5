import Apus
import ApusData
import ApusFormats
import Foundation

/// Trains a classifier for images: steps, validation after each epoch, checkpoints, and at the end the
/// bundle and the report.
public struct Trainer {
  public let configuration: TrainingConfiguration
  public let dataset: ImageDataset
  public let folder: RunFolder
  private var progress: any ProgressRenderer
  private let shouldStop: (Checkpoint.Position) -> Bool

  /// How training ended.
  public enum Outcome {
    case finished(Result)
    /// Someone asked to stop; the last checkpoint has everything to go on.
    case stopped(Checkpoint.Position)
  }

  /// A finished run.
  public struct Result: Sendable {
    public var classifier: Classifier
    public var evaluation: Evaluation
    public var position: Checkpoint.Position
  }

  /// - Parameter shouldStop: asked after each step whether to save and stop.
  public init(
    _ configuration: TrainingConfiguration, _ dataset: ImageDataset, folder: RunFolder,
    progress: any ProgressRenderer = PlainProgress(),
    shouldStop: @escaping (Checkpoint.Position) -> Bool = { _ in Interruption.signal != nil }
  ) {
    self.configuration = configuration
    self.dataset = dataset
    self.folder = folder
    self.progress = progress
    self.shouldStop = shouldStop
  }

  /// Trains from the beginning, or on from a checkpoint.
  ///
  /// - Throws: `FormatError` where a file cannot be written, ``TrainingError`` where the loss is no
  ///   number any more. The checkpoint that was there before stays whole.
  public mutating func run(from checkpoint: Checkpoint? = nil) async throws -> Outcome {
    var position = checkpoint?.position ?? Checkpoint.Position(configuration: configuration)
    let description = RunDescription(seed: configuration.seed)
    if checkpoint == nil {
      try AtomicFile.write(try configuration.yaml(), to: folder.configuration)
      try AtomicFile.write(try JSON.pretty(description), to: folder.description)
    }
    let classifier = try makeClassifier()
    let loader = ImageLoader(
      dataset.training, batchSize: configuration.batchSize, seed: configuration.seed,
      shift: configuration.shift)
    let step = makeStep(classifier, stepsPerEpoch: loader.batchCount)
    if let checkpoint {
      try classifier.store.load(checkpoint.model)
      try step.restore(checkpoint.training)
    }
    progress.begin(summary(classifier, position))

    var evaluation: Evaluation?
    while position.epoch < configuration.epochs {
      guard try await finishEpoch(&position, loader, step) else {
        try save(position, classifier, step, to: folder.lastCheckpoint)
        return .stopped(position)
      }
      evaluation = try validate(&position, classifier, step)
    }
    let final = try evaluation ?? classifier.evaluate(dataset.heldOut)
    try finish(Result(classifier: classifier, evaluation: final, position: position), description)
    return .finished(Result(classifier: classifier, evaluation: final, position: position))
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

  private func makeStep(_ classifier: Classifier, stepsPerEpoch: Int) -> Step<Classifier, Batch> {
    let total = configuration.epochs * stepsPerEpoch
    let schedule = Schedule.warmupCosine(
      configuration.learningRate, warmup: max(1, total / 10), total: total)
    let optimizer = AdamW(learningRate: schedule, weightDecay: configuration.weightDecay)
    return Step(classifier, optimizer, seed: configuration.seed) { classifier, batch in
      crossEntropy(logits: classifier.logits(batch.x), labels: batch.y)
    }
  }

  /// Runs the rest of an epoch; returns whether it came to its end.
  private mutating func finishEpoch(
    _ position: inout Checkpoint.Position, _ loader: ImageLoader, _ step: Step<Classifier, Batch>
  ) async throws -> Bool {
    let start = ContinuousClock.now
    let firstStep = position.step
    let secondsBefore = position.seconds
    for try await batch in loader.epoch(position.epoch, from: position.step) {
      let loss = try step(batch).item
      guard loss.isFinite else { throw TrainingError.notFinite(loss, position: position) }
      position.step += 1
      position.totalSteps += 1
      position.lossSum += loss
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      position.seconds = secondsBefore + seconds
      let images = Double((position.step - firstStep) * configuration.batchSize)
      progress.advance(
        StepProgress(
          epoch: position.epoch + 1, epochs: configuration.epochs, step: position.step,
          steps: loader.batchCount, loss: position.lossSum / Double(position.step),
          secondsLeft: seconds / Double(position.step - firstStep)
            * Double(loader.batchCount - position.step),
          rate: images / seconds))
      if position.step < loader.batchCount, shouldStop(position) { return false }
    }
    return true
  }

  /// Ends an epoch: evaluates, keeps the record, writes the checkpoints.
  private mutating func validate(
    _ position: inout Checkpoint.Position, _ classifier: Classifier, _ step: Step<Classifier, Batch>
  ) throws -> Evaluation {
    let start = ContinuousClock.now
    let evaluation = try classifier.evaluate(dataset.heldOut)
    let isBest = evaluation.accuracy > position.bestAccuracy ?? -1
    let record = EpochRecord(
      epoch: position.epoch + 1, trainingLoss: position.lossSum / Double(max(position.step, 1)),
      validationLoss: evaluation.loss, validationAccuracy: evaluation.accuracy,
      seconds: position.seconds + (ContinuousClock.now - start) / .seconds(1))
    position.history.append(record)
    position.epoch += 1
    position.step = 0
    position.lossSum = 0
    position.seconds = 0
    try save(position, classifier, step, to: folder.lastCheckpoint)
    if isBest { try save(position, classifier, step, to: folder.bestCheckpoint) }
    try folder.write(history: position.history)
    progress.finish(record)
    return evaluation
  }

  private func save(
    _ position: Checkpoint.Position, _ classifier: Classifier, _ step: Step<Classifier, Batch>,
    to path: String
  ) throws {
    let checkpoint = Checkpoint(
      position: position, model: classifier.store.state, training: step.state)
    try checkpoint.write(to: path)
  }

  /// Writes bundle and report.
  private func finish(_ result: Result, _ description: RunDescription) throws {
    let record = TrainingRecord(
      apusVersion: ApusVersion.current, seed: configuration.seed, data: configuration.data,
      epochs: configuration.epochs,
      metrics: ["accuracy": result.evaluation.accuracy, "loss": result.evaluation.loss], date: Date())
    try result.classifier.save(to: folder.path, name: configuration.model, training: record)
    let report = HTMLReport(
      position: result.position, description: description,
      parameterCount: result.classifier.store.trainableCount, images: dataset.heldOut,
      evaluation: result.evaluation)
    try AtomicFile.write(report.html, to: folder.report)
  }

  private func summary(_ classifier: Classifier, _ position: Checkpoint.Position) -> TrainingSummary {
    TrainingSummary(
      model: configuration.model, parameterCount: classifier.store.trainableCount,
      data: dataset.name, trainingCount: dataset.training.count,
      heldOutCount: dataset.heldOut.count, epochs: configuration.epochs,
      startEpoch: position.epoch + 1)
  }
}
