import Apus
import ApusData
import ApusFormats
import Foundation

@testable import ApusTrain

/// A line through noisy points: small enough to be trained in a test.
struct Line: Layer {
  let hidden: Linear
  let output: Linear

  init(_ scope: Scope) {
    hidden = Linear(scope / "hidden", 2, 8)
    output = Linear(scope / "output", 8, 1)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { output(tanh(hidden(x))) }
}

/// Batches of points that are pure functions of epoch and place.
struct Points: BatchSource {
  var batchCount = 4
  var count: Int { batchCount * 8 }
  /// Epoch and place of a batch that has a NaN.
  var broken: (epoch: Int, place: Int)?

  func epoch(_ epoch: Int, from start: Int) -> any AsyncSequence<Batch, any Error> {
    batches(epoch, from: start)
  }

  func batches(_ epoch: Int, from start: Int = 0) -> AsyncThrowingStream<Batch, any Error> {
    AsyncThrowingStream { stream in
      for place in start..<max(start, batchCount) {
        var x = (0..<16).map { Float(($0 * 7 + epoch * 3 + place * 5) % 11) / 11 }
        let y = (0..<8).map { x[2 * $0] - 2 * x[2 * $0 + 1] }
        if let broken, broken == (epoch, place) { x[3] = .nan }
        stream.yield(Batch(x: Tensor(x, shape: [8, 2]), y: Tensor(y, shape: [8, 1])))
      }
      stream.finish()
    }
  }
}

/// A run on `Points` with everything that a test wants to look at.
struct LineRun {
  let store = ParameterStore(seed: 3)
  let step: Step<Line, Batch>

  init(
    rate: Schedule = 0.05, loss: @escaping (Line, Batch) throws -> Tensor = LineRun.squaredError
  ) throws {
    let optimizer = AdamW(learningRate: rate).averaging(.ema(decay: 0.9))
    step = Step(Line(store.scope), optimizer, seed: 1, batchLoss: loss)
    try store.materialize()
  }

  static func squaredError(_ model: Line, _ batch: Batch) -> Tensor {
    let difference = model(batch.x) - batch.y
    return (difference * difference).mean()
  }

  func trainer(
    _ options: TrainingOptions, _ callbacks: [any Callback] = [], source: Points = Points(),
    folder: RunFolder? = nil, stopAt: Int = .max
  ) throws -> Trainer<Batch> {
    try Trainer(
      step, store, source: source, options: options, configuration: "line", folder: folder,
      callbacks: callbacks, validation: { ["size": Double(store.trainableCount)] },
      shouldStop: { $0.totalSteps == stopAt })
  }

  var weights: [String: [UInt8]] { store.state.mapValues { $0.withBytes { Array($0) } } }
}

/// Notes what it is told.
final class Watcher: Callback {
  let name: String
  var steps: [Int] = []
  var reads: [Int] = []
  var records: [MetricRecord] = []
  var ends: [TrainingEnd] = []
  var atRecord: (TrainingContext) throws -> Void = { _ in }

  init(_ name: String = "Watcher") { self.name = name }

  func stepEnd(_ context: TrainingContext) {
    steps.append(context.position.totalSteps)
    if context.isRead { reads.append(context.position.totalSteps) }
  }

  func recordEnd(_ record: MetricRecord, _ context: TrainingContext) throws {
    records.append(record)
    try atRecord(context)
  }

  func end(_ end: TrainingEnd, _ context: TrainingContext) { ends.append(end) }
}
