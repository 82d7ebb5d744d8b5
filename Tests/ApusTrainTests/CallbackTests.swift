import Apus
import ApusFormats
import Foundation
import Testing

@testable import ApusTrain

/// What happens beside training.
@Suite struct CallbackTests {
  @Test func theBestAndTheLastCheckpointsAreKept() async throws {
    try await withFolder { root in
      let folder = RunFolder(path: root)
      let run = try LineRun()
      var epochs: [Int] = []
      let watcher = Watcher()
      watcher.atRecord = { epochs.append($0.position.epoch) }
      // The number of parameters never changes, so the first is the best.
      let keeping = Checkpointing(best: MetricGoal("validation/size", .higher), keepLast: 2, every: 3)
      _ = try await run.trainer(TrainingOptions(epochs: 3), [keeping, watcher], folder: folder).run()
      #expect(try Checkpoint(path: folder.bestCheckpoint).position.totalSteps == 4)
      let last = try Checkpoint(path: folder.lastCheckpoint)
      #expect(last.position.totalSteps == 12 && last.configuration == "line")
      #expect(folder.numberedCheckpoints == [9, 12].map(folder.checkpoint(step:)))
      #expect(epochs == [1, 2, 3])
    }
  }

  /// What is written must be the values of its time, though training goes on and overwrites its memory.
  @Test func aCheckpointIsASnapshot() async throws {
    let run = try LineRun()
    let watcher = Watcher()
    var checkpoints: [(Checkpoint, [String: [UInt8]])] = []
    watcher.atRecord = { checkpoints.append((try $0.checkpoint(), run.weights)) }
    _ = try await run.trainer(TrainingOptions(epochs: 3), [watcher]).run()
    for (checkpoint, weights) in checkpoints {
      let isSame = checkpoint.model.mapValues { $0.withBytes { Array($0) } } == weights
      #expect(isSame)
    }
    #expect(checkpoints.count == 3 && checkpoints[0].1 != checkpoints[1].1)
  }

  @Test func aFailureOfTheDiskEndsTraining() async throws {
    try await withFolder { root in
      let folder = RunFolder(path: root)
      try AtomicFile.createFolder("\(folder.lastCheckpoint)/in the way")
      let trainer = try LineRun().trainer(TrainingOptions(epochs: 2), [Checkpointing()], folder: folder)
      await #expect(throws: FormatError.self) { try await trainer.run() }
    }
  }

  @Test func logsAreConsistentAfterACrash() async throws {
    try await withFolder { root in
      let folder = RunFolder(path: root)
      let options = TrainingOptions(epochs: 2, readEvery: 1)
      func callbacks() -> [any Callback] { [Checkpointing(), CSVLog(), JSONLog()] }
      _ = try await LineRun().trainer(options, callbacks(), folder: folder, stopAt: 5).run()
      let checkpoint = try Checkpoint(path: folder.lastCheckpoint)
      // The crash came two steps later, in the middle of a line.
      for (name, text) in [("log.csv", "step,6,2,0.05,9.0,\nstep,7,2,0."), ("log.jsonl", "{\"kind\":\"st")] {
        let log = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(root)/\(name)"))
        try log.seekToEnd()
        try log.write(contentsOf: Data(text.utf8))
      }
      _ = try await LineRun().trainer(options, callbacks(), folder: folder).run(from: checkpoint)
      let lines = AppendedFile(path: "\(root)/log.csv").lines()
      #expect(lines[0] == "kind,step,epoch,learningRate,loss,validation/size")
      let places = lines.dropFirst().map { $0.split(separator: ",").prefix(2).joined(separator: " ") }
      let steps = (1...8).map { "step \($0)" }
      #expect(places == steps.prefix(4) + ["record 4"] + steps.suffix(4) + ["record 8"])
      #expect(lines.allSatisfy { $0.filter { $0 == "," }.count == 5 })
      let objects = AppendedFile(path: "\(root)/log.jsonl").lines()
      #expect(try objects.map { try JSON.decode(LogEntry.self, from: $0).step } == [1, 2, 3, 4, 4, 5, 6, 7, 8, 8])
    }
  }

  @Test func progressShowsRateAndTimeLeft() {
    let step = StepProgress(
      epoch: 2, epochs: 10, step: 3, steps: 40, metrics: ["loss": 0.5, "accuracy": 0.75],
      secondsLeft: 12.4, rate: 2345.6, unit: "images", waiting: 0.25)
    #expect(
      PlainProgress().text(step) == "epoch  2/10 3/40  loss 0.5000  accuracy 75.00 %  2,345 images/s  12 s left"
        + "  25 % waiting for data")
    let record = MetricRecord(epoch: 2, step: 1234, seconds: 3.21, metrics: ["validation/loss": 1, "loss": 2])
    #expect(
      PlainProgress().line(record, of: nil, waiting: 0.0123)
        == "step 1,234  loss 2.0000  validation loss 1.0000  3.2 s, 1.2 % waiting for data")
  }
}
