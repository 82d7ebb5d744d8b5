import Apus
import ApusData

/// What a callback sees of training.
public final class TrainingContext {
  public internal(set) var position = Checkpoint.Position()
  /// The last loss and metrics that were read.
  public internal(set) var metrics: [String: Double] = [:]
  /// Whether `metrics` are of the step that was taken last.
  public internal(set) var isRead = false
  /// The learning rate of the last step.
  public internal(set) var learningRate = 0.0
  /// Seconds of this run.
  public internal(set) var seconds = 0.0
  /// How long the loop waited for batches.
  public let meter = WaitMeter()
  /// Steps of this run; fewer than `position.totalSteps` where it went on from a checkpoint.
  public internal(set) var stepsTaken = 0

  public let options: TrainingOptions
  public let stepsPerEpoch: Int
  public let samplesPerEpoch: Int
  public let store: ParameterStore
  public let folder: RunFolder?
  /// Why a callback asked to stop.
  public private(set) var stopReason: String?

  var readNow: () throws -> Void = {}
  var makeCheckpoint: () throws -> Checkpoint = {
    throw TrainingError.checkpoint("training has not begun.")
  }

  init(
    options: TrainingOptions, stepsPerEpoch: Int, samplesPerEpoch: Int, store: ParameterStore,
    folder: RunFolder?
  ) {
    self.options = options
    self.stepsPerEpoch = stepsPerEpoch
    self.samplesPerEpoch = samplesPerEpoch
    self.store = store
    self.folder = folder
  }

  /// Steps in all.
  public var totalSteps: Int { options.totalSteps(stepsPerEpoch) }

  /// Makes `metrics` those of the last step.
  public func read() throws { try readNow() }

  /// Ends training after this step.
  public func stop(because reason: String) { if stopReason == nil { stopReason = reason } }

  /// All that training needs to go on from here. It shares memory with the model until the next step,
  /// which copies what the checkpoint still holds.
  public func checkpoint() throws -> Checkpoint { try makeCheckpoint() }
}
