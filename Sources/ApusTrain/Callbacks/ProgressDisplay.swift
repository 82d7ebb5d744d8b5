/// Shows how training goes on: rate, time left, metrics, and how much of its time it waits for data.
public final class ProgressDisplay: Callback {
  private var renderer: any ProgressRenderer
  private let title: String
  private let unit: String

  /// - Parameters:
  ///   - title: model and data, a phrase.
  ///   - unit: what samples are called.
  public init(
    _ renderer: any ProgressRenderer = TerminalProgress.suitable(), title: String,
    unit: String = "samples"
  ) {
    self.renderer = renderer
    self.title = title
    self.unit = unit
  }

  public func begin(_ context: TrainingContext) {
    renderer.begin(
      TrainingSummary(
        title: title, epochs: epochs(context), totalSteps: context.totalSteps,
        startEpoch: context.position.epoch + 1, startStep: context.position.totalSteps))
  }

  public func stepEnd(_ context: TrainingContext) {
    let position = context.position
    let epochs = epochs(context)
    let step = epochs == nil ? position.totalSteps : position.step
    let steps = epochs == nil ? context.totalSteps : context.stepsPerEpoch
    let secondsPerStep = context.seconds / Double(max(context.stepsTaken, 1))
    let samplesPerStep = Double(context.samplesPerEpoch) / Double(max(context.stepsPerEpoch, 1))
    renderer.advance(
      StepProgress(
        epoch: epochs.map { _ in position.epoch + 1 }, epochs: epochs, step: step, steps: steps,
        metrics: position.means.mapValues(\.value),
        secondsLeft: secondsPerStep * Double(max(0, steps - step)),
        rate: samplesPerStep / max(secondsPerStep, 1e-9), unit: unit,
        waiting: context.meter.share))
  }

  public func recordEnd(_ record: MetricRecord, _ context: TrainingContext) {
    renderer.finish(record, waiting: context.meter.share)
  }

  public func end(_ end: TrainingEnd, _ context: TrainingContext) {
    if case .stopped(let reason) = end { renderer.note("stopped: \(reason)") }
  }

  /// Nil where the number of steps decides.
  private func epochs(_ context: TrainingContext) -> Int? {
    context.options.maxSteps == nil ? context.options.epochs : nil
  }
}
