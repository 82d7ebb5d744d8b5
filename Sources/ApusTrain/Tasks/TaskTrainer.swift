import Apus
import ApusData
import ApusFormats
import Foundation

/// Trains what a configuration describes: a ``Trainer`` with validation after each epoch and checkpoints, and at the
/// end the model and the report.
struct TaskTrainer<Task: TrainingTask> {
  let configuration: TrainingConfiguration
  let task: Task
  let folder: RunFolder
  let progress: any ProgressRenderer
  let shouldStop: (Checkpoint.Position) -> Bool
  /// The step where it is to be another than the configuration's.
  var ownStep: Step<Void, Task.Input>?

  struct Result {
    var position: Checkpoint.Position
    /// Of the last evaluation; nil where someone asked to stop.
    var evaluation: (metrics: [String: Double], findings: Task.Findings)?
  }

  func run(from checkpoint: Checkpoint?) async throws -> Result {
    let description = RunDescription(seed: configuration.seed)
    let settings = try configuration.yaml()
    if checkpoint == nil { try folder.begin(configuration: settings, description) }
    try task.store.materialize()
    try task.checkExport()
    let losses = MetricHistory()
    let step = try ownStep ?? configuration.makeStep(task, history: losses)
    var last: (metrics: [String: Double], findings: Task.Findings)?
    let trainer = try Trainer(
      step, task.store, source: task.source, options: configuration.stepOptions, configuration: settings,
      folder: folder,
      callbacks: try configuration.makeCallbacks(history: losses, metrics: task.metricNames) + [
        ProgressDisplay(progress, title: title, unit: task.unit)
      ],
      validation: {
        // Where weights are averaged, the averages are what is evaluated and saved.
        try task.store.withValues(step.averagedParameters) {
          let found = try task.evaluate()
          last = found
          return found.metrics
        }
      }, shouldStop: shouldStop)
    let end = try await trainer.run(from: checkpoint)
    let position = trainer.context.position
    if end == .interrupted { return Result(position: position) }
    try task.store.load(step.averagedParameters, strict: false)
    let evaluation = try last ?? task.evaluate()
    try task.save(
      to: folder,
      TrainingRecord(
        apusVersion: ApusVersion.current, seed: configuration.seed, data: configuration.data,
        heldOut: configuration.heldOut, epochs: position.epoch,
        metrics: evaluation.metrics, date: Date()))
    try task.writeReport(
      TaskRun(configuration: configuration, description: description, context: trainer.context, folder: folder),
      evaluation.findings)
    return Result(position: position, evaluation: evaluation)
  }

  private var title: String {
    "\(configuration.model) with \(grouped(task.store.trainableCount)) parameters on \(configuration.data): "
      + "\(grouped(task.source.count)) \(task.unit) to train on, \(grouped(task.heldOutCount)) held out"
  }
}
