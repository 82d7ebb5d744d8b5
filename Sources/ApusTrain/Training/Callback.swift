import Apus

/// Something that happens beside training: it watches, and may ask to stop. Every method has an empty
/// default, and is called in the order of the trainer's list.
public protocol Callback: AnyObject {
  /// Names its state in checkpoints; two callbacks of one trainer differ in it.
  var name: String { get }

  /// Training begins, or goes on from `context.position`.
  func begin(_ context: TrainingContext) async throws

  /// A step is over. `context.metrics` are of this step where `context.isRead`; `context.read()` makes
  /// them so, and waits for the step.
  func stepEnd(_ context: TrainingContext) async throws

  /// A record was made: an epoch is over, or `validateEvery` steps.
  func recordEnd(_ record: MetricRecord, _ context: TrainingContext) async throws

  /// Training is over. Called also where it failed; then nothing may be thrown that hides the failure.
  func end(_ end: TrainingEnd, _ context: TrainingContext) async throws

  /// What must be saved for the callback to go on later as if it had never stopped.
  var state: [String: Tensor] { get }

  func restore(_ state: [String: Tensor]) throws
}

extension Callback {
  public var name: String { String(describing: Self.self) }
  public func begin(_ context: TrainingContext) async throws {}
  public func stepEnd(_ context: TrainingContext) async throws {}
  public func recordEnd(_ record: MetricRecord, _ context: TrainingContext) async throws {}
  public func end(_ end: TrainingEnd, _ context: TrainingContext) async throws {}
  public var state: [String: Tensor] { [:] }
  public func restore(_ state: [String: Tensor]) throws {}
}

/// How training ended.
public enum TrainingEnd: Hashable, Sendable {
  /// After all its steps.
  case finished
  /// A callback asked to stop, for this reason.
  case stopped(String)
  /// Someone interrupted it; it can go on from the last checkpoint.
  case interrupted
  /// With an error, which the trainer throws.
  case failed
}
