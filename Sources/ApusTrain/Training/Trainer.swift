import Apus
import ApusData

/// The training loop: takes steps on batches, validates, and tells its callbacks. What else there is,
/// checkpoints, logs, early stopping, progress, is a ``Callback``.
///
/// The host does not ask for the loss of each step, unless a callback does: losses are read every
/// `readEvery` steps. A `Trainer` runs once.
public final class Trainer<Input: TensorStructure> {
  /// Metrics by name of the model as it is now.
  public typealias Validation = () async throws -> [String: Double]

  public let step: any TrainingStep<Input>
  public let context: TrainingContext
  let source: any BatchSource<Input>
  private let configuration: String
  private let callbacks: [any Callback]
  private let validation: Validation?
  private let shouldStop: (Checkpoint.Position) -> Bool

  /// A step whose loss was not read yet.
  private struct Unread {
    var loss: Tensor
    var metrics: [String: Tensor]
    /// Counted from 1; the step within its epoch.
    var epoch: Int
    var step: Int
  }

  private var unread: [Unread] = []
  private var highestRate = 0.0
  private var lastInstant = ContinuousClock.now
  private var lastRecord = 0
  private var snapshot: Snapshot?

  private var options: TrainingOptions { context.options }

  /// - Parameters:
  ///   - step: takes one step; learning rate, clipping and accumulation are its optimizer's.
  ///   - store: all parameters that a checkpoint holds.
  ///   - configuration: text that repeats the run; checkpoints carry it.
  ///   - validation: its metrics appear as `validation/name`.
  ///   - shouldStop: asked after each step whether to save and stop; by default, whether a signal came.
  /// - Throws: ``ConfigurationError`` where the options contradict each other.
  public init(
    _ step: any TrainingStep<Input>, _ store: ParameterStore, source: any BatchSource<Input>,
    options: TrainingOptions, configuration: String = "", folder: RunFolder? = nil,
    callbacks: [any Callback] = [],
    validation: Validation? = nil,
    shouldStop: @escaping (Checkpoint.Position) -> Bool = { _ in Interruption.signal != nil }
  ) throws {
    try options.validate()
    let names = callbacks.map(\.name)
    if let twice = names.first(where: { name in names.filter { $0 == name }.count > 1 }) {
      throw ConfigurationError("there are two callbacks '\(twice)'; give one of them another name.")
    }
    self.step = step
    self.source = source
    self.configuration = configuration
    self.callbacks = callbacks
    self.validation = validation
    self.shouldStop = shouldStop
    context = TrainingContext(
      options: options, stepsPerEpoch: source.batchCount, samplesPerEpoch: source.count, store: store,
      folder: folder)
    context.readNow = { [unowned self] in try read() }
    context.makeCheckpoint = { [unowned self] in try checkpoint() }
  }

  /// Trains from the beginning, or on from a checkpoint.
  ///
  /// - Throws: ``TrainingError``, and what the step, the source, validation and callbacks throw. The
  ///   checkpoint that was there before stays whole.
  public func run(from checkpoint: Checkpoint? = nil) async throws -> TrainingEnd {
    do {
      if let checkpoint { try restore(checkpoint) }
      for callback in callbacks { try await callback.begin(context) }
      let end = try await train()
      for callback in callbacks { try await callback.end(end, context) }
      return end
    } catch {
      for callback in callbacks { try? await callback.end(.failed, context) }
      throw await explained(error)
    }
  }

  /// The error with the operation behind a number that is not finite, where the guard finds it.
  private func explained(_ error: any Error) async -> any Error {
    guard
      case TrainingError.notFinite(let loss, let epoch, let step, let learningRate, nil) = error,
      let snapshot, let origin = try? await origin(from: snapshot)
    else { return error }
    return TrainingError.notFinite(
      loss, epoch: epoch, step: step, learningRate: learningRate, origin: origin)
  }

  // MARK: - The loop

  private func train() async throws -> TrainingEnd {
    lastInstant = .now
    lastRecord = context.position.history.last?.step ?? 0
    while !isOver {
      let epoch = context.position.epoch
      let batches = source.epoch(epoch, from: context.position.step, meter: context.meter)
      if let end = try await finishEpoch(batches) { return end }
      guard context.position.step > 0 else { throw TrainingError.noBatches(epoch: epoch + 1) }
      if isOver { break }
      try await endEpoch()
      if let end = end(), !isOver { return end }
    }
    if context.position.totalSteps > lastRecord { try await record() }
    return context.stopReason.map { .stopped($0) } ?? .finished
  }

  private var isOver: Bool {
    let position = context.position
    return position.epoch >= options.epochs ?? .max || position.totalSteps >= options.maxSteps ?? .max
  }

  /// Runs the rest of an epoch; returns how training ended, where it was stopped.
  private func finishEpoch(
    _ batches: some AsyncSequence<Input, any Error>
  ) async throws -> TrainingEnd? {
    var iterator = batches.makeAsyncIterator()
    while !isOver {
      guard let batch = try await iterator.next() else { return nil }
      try take(batch)
      for callback in callbacks { try await callback.stepEnd(context) }
      if let period = options.validateEvery, context.position.totalSteps % period == 0 {
        try await record()
      }
      // After the last step of an epoch its record comes first.
      if context.position.step < context.stepsPerEpoch, !isOver, let end = end() { return end }
    }
    return nil
  }

  private func end() -> TrainingEnd? {
    if let reason = context.stopReason { return .stopped(reason) }
    return shouldStop(context.position) ? .interrupted : nil
  }

  private func take(_ batch: Input) throws {
    if let period = options.snapshotEvery,
      snapshot == nil || context.position.totalSteps % period == 0
    {
      // A snapshot of what is broken already would be of no use.
      try read()
      snapshot = Snapshot(of: context, step)
    }
    context.learningRate = step.learningRate
    highestRate = max(highestRate, context.learningRate)
    let loss = try step(batch)
    context.position.step += 1
    context.position.totalSteps += 1
    context.stepsTaken += 1
    context.isRead = false
    unread.append(
      Unread(
        loss: loss, metrics: step.metrics, epoch: context.position.epoch + 1,
        step: context.position.step))
    if context.position.totalSteps % options.readEvery == 0 { try read() }
    measureTime()
  }

  private func measureTime() {
    let now = ContinuousClock.now
    let seconds = (now - lastInstant) / .seconds(1)
    context.position.seconds += seconds
    context.seconds += seconds
    lastInstant = now
  }

  /// Reads what steps have computed, in their order. Metrics of more than one element are left out.
  private func read() throws {
    for entry in unread {
      let loss = entry.loss.item
      guard loss.isFinite else {
        throw TrainingError.notFinite(
          loss, epoch: entry.epoch, step: entry.step, learningRate: highestRate, origin: nil)
      }
      var values = ["loss": loss]
      for (name, tensor) in entry.metrics where tensor.elementCount == 1 { values[name] = tensor.item }
      for (name, value) in values {
        context.position.means[name, default: Checkpoint.Mean()].sum += value
        context.position.means[name]!.count += 1
      }
      context.metrics = values
    }
    unread = []
    context.isRead = true
  }

  private func endEpoch() async throws {
    if options.validateEvery == nil {
      try await record(endingEpoch: true)
    } else {
      context.position.epoch += 1
      context.position.step = 0
    }
  }

  /// Validates and makes a record.
  private func record(endingEpoch: Bool = false) async throws {
    try read()
    var metrics = context.position.means.mapValues(\.value)
    if let validation {
      for (name, value) in try await validation() { metrics["validation/" + name] = value }
    }
    measureTime()
    let isBetweenEpochs = context.position.step == 0
    let record = MetricRecord(
      epoch: context.position.epoch + (isBetweenEpochs ? 0 : 1), step: context.position.totalSteps,
      seconds: context.position.seconds, metrics: metrics)
    context.position.history.append(record)
    context.position.means = [:]
    context.position.seconds = 0
    lastRecord = record.step
    if endingEpoch {
      context.position.epoch += 1
      context.position.step = 0
    }
    for callback in callbacks { try await callback.recordEnd(record, context) }
  }

  // MARK: - State

  private func checkpoint() throws -> Checkpoint {
    try read()
    var state: [String: Tensor] = [:]
    for callback in callbacks {
      for (name, tensor) in callback.state { state["\(callback.name).\(name)"] = tensor }
    }
    return Checkpoint(
      position: context.position, configuration: configuration, model: context.store.state,
      training: step.state, callbacks: state)
  }

  private func restore(_ checkpoint: Checkpoint) throws {
    try context.store.load(checkpoint.model)
    try step.restore(checkpoint.training)
    for callback in callbacks {
      let prefix = callback.name + "."
      let own = checkpoint.callbacks.filter { $0.key.hasPrefix(prefix) }
      let state = own.map { (String($0.key.dropFirst(prefix.count)), $0.value) }
      if !state.isEmpty { try callback.restore(Dictionary(uniqueKeysWithValues: state)) }
    }
    context.position = checkpoint.position
  }
}
