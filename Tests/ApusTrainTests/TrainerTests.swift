import Apus
import ApusFormats
import Foundation
import Testing

@testable import ApusTrain

/// The loop that every training runs in.
@Suite struct TrainerTests {
  @Test func epochsAreValidatedAndTheLossIsReadNowAndThen() async throws {
    let watcher = Watcher()
    let run = try LineRun()
    let trainer = try run.trainer(TrainingOptions(epochs: 3, readEvery: 3), [watcher])
    #expect(try await trainer.run() == .finished)
    #expect(watcher.steps == Array(1...12))
    #expect(watcher.reads == [3, 6, 9, 12])
    #expect(watcher.records.map(\.epoch) == [1, 2, 3] && watcher.records.map(\.step) == [4, 8, 12])
    #expect(watcher.records.allSatisfy { $0["validation/size"] == 33 && $0["loss"] != nil })
    #expect(watcher.records[2]["loss"]! < watcher.records[0]["loss"]!)
    #expect(watcher.ends == [.finished])
  }

  /// A language model has no epochs: steps decide, across the ends of epochs.
  @Test func stepsDecideWhereThereAreNoEpochs() async throws {
    let watcher = Watcher()
    let trainer = try LineRun().trainer(TrainingOptions(maxSteps: 11, validateEvery: 3), [watcher])
    #expect(try await trainer.run() == .finished)
    #expect(watcher.records.map(\.step) == [3, 6, 9, 11])
    #expect(watcher.records.map(\.epoch) == [1, 2, 3, 3])
  }

  /// How often the host looks must not change what is computed.
  @Test func readingIsNoPartOfTheResult() async throws {
    var weights: [[String: [UInt8]]] = []
    for period in [1, 7] {
      let run = try LineRun()
      let watcher = Watcher()
      _ = try await run.trainer(TrainingOptions(epochs: 2, readEvery: period), [watcher]).run()
      weights.append(run.weights)
    }
    let areEqual = weights[0] == weights[1]
    #expect(areEqual)
  }

  @Test(arguments: [nil, 3])
  func interruptedTrainingGivesTheSameWeights(period: Int?) async throws {
    try await withFolder { root in
      let options = TrainingOptions(maxSteps: 14, validateEvery: period, readEvery: 4)
      func callbacks() -> [any Callback] {
        let best = MetricGoal("loss", .lower)
        return [Checkpointing(best: best, keepLast: 2), HistoryFile(), CSVLog(), JSONLog()]
      }
      let whole = RunFolder(path: "\(root)/whole")
      try whole.prepare()
      let run = try LineRun()
      _ = try await run.trainer(options, callbacks(), folder: whole).run()

      let folder = RunFolder(path: "\(root)/broken")
      try folder.prepare()
      var last = try LineRun()
      for stop in [2, 4, 9, .max] {
        let part = try LineRun()
        let checkpoint = stop == 2 ? nil : try Checkpoint(path: folder.lastCheckpoint)
        let end = try await part.trainer(options, callbacks(), folder: folder, stopAt: stop).run(from: checkpoint)
        #expect(end == (stop == .max ? .finished : .interrupted))
        last = part
      }
      let areEqual = last.weights == run.weights
      #expect(areEqual)
      let averages = [run, last].map { $0.step.averagedParameters.mapValues { $0.array(of: Float.self) } }
      let areAveragesEqual = averages[0] == averages[1] && !averages[0].isEmpty
      #expect(areAveragesEqual)
      // Logs have every step once, with the same numbers. Reading also happens where it stopped.
      let logs = try ["log.csv"].map { name in
        try [whole, folder].map { String(decoding: try bytes("\($0.path)/\(name)"), as: UTF8.self) }
      }
      for log in logs { #expect(log[0] == log[1]) }
    }
  }

  @Test func aCallbackMayStopTraining() async throws {
    let watcher = Watcher()
    let stopping = EarlyStopping(MetricGoal("validation/size", .lower), patience: 2)
    let trainer = try LineRun().trainer(TrainingOptions(epochs: 50), [stopping, watcher])
    guard case .stopped(let reason) = try await trainer.run() else {
      Issue.record("training went on")
      return
    }
    #expect(reason == "validation/size has not become better than 33.0 for 2 records")
    #expect(watcher.records.count == 3)
  }

  @Test func mistakesAreSentences() async throws {
    func message(_ body: () async throws -> Void) async -> String {
      do { try await body() } catch { return "\(error)" }
      return "nothing"
    }
    let run = try LineRun()
    #expect(await message { _ = try run.trainer(TrainingOptions()) }
      == "training has no end: give 'epochs' or 'maxSteps'.")
    #expect(await message { _ = try run.trainer(TrainingOptions(epochs: 1, readEvery: 0)) }
      == "'readEvery' must be at least 1.")
    #expect(await message { _ = try run.trainer(TrainingOptions(epochs: 1), [CSVLog(), CSVLog()]) }
      == "there are two callbacks 'CSVLog'; give one of them another name.")
    #expect(await message {
      let goal = EarlyStopping(MetricGoal("validation/accuracy", .higher), patience: 1)
      _ = try await run.trainer(TrainingOptions(epochs: 1), [goal]).run()
    } == "there is no metric 'validation/accuracy'; those of this run are loss, validation/size.")
    #expect(await message {
      _ = try await run.trainer(TrainingOptions(epochs: 1), source: Points(batchCount: 0)).run()
    } == "epoch 1 has no batch; give at least as many samples as a batch has.")
  }
}
