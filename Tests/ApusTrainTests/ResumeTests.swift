import Foundation
import Testing

@testable import ApusTrain

/// An interruption must not change what is computed.
@Suite struct ResumeTests {
  @Test(arguments: ["mlp", "cnn"])
  func interruptedTrainingGivesTheSameWeights(model: String) async throws {
    let configuration = smallConfiguration(model: model, epochs: model == "cnn" ? 2 : 3)
    let dataset = smallDataset()
    try await withFolder { root in
      let whole = RunFolder(path: "\(root)/whole")
      try whole.prepare()
      let trainer = ClassifierTrainer(configuration, dataset, folder: whole, progress: SilentProgress())
      _ = try await trainer.run()

      let broken = RunFolder(path: "\(root)/broken")
      try broken.prepare()
      var checkpoint: Checkpoint?
      var stops = 0
      // Stops after the 2nd, 3rd, 5th, 8th… step, in the middle of epochs and early in others.
      var next = (2, 3)
      while true {
        let limit = next.0
        let trainer = ClassifierTrainer(
          configuration, dataset, folder: broken, progress: SilentProgress(),
          shouldStop: { $0.totalSteps >= limit })
        guard case .stopped = try await trainer.run(from: checkpoint) else { break }
        stops += 1
        next = (next.1, next.0 + next.1)
        checkpoint = try Checkpoint(path: broken.lastCheckpoint)
      }
      #expect(stops >= 3)
      #expect(try bytes("\(root)/whole/weights.safetensors") == bytes("\(root)/broken/weights.safetensors"))
      let (a, b) = (try Checkpoint(path: whole.lastCheckpoint), try Checkpoint(path: broken.lastCheckpoint))
      #expect(a.position.history.map { $0["loss"] } == b.position.history.map { $0["loss"] })
      #expect(a.position.history.map { $0["validation/loss"] } == b.position.history.map { $0["validation/loss"] })
      #expect(Set(a.training.keys) == Set(b.training.keys))
      for (name, tensor) in a.training {
        #expect(tensor.withBytes { Array($0) } == b.training[name]!.withBytes { Array($0) }, "\(name)")
      }
    }
  }

  @Test func anotherSeedGivesOtherWeights() async throws {
    try await withFolder { root in
      for seed in [1, 2] {
        var configuration = smallConfiguration(epochs: 1)
        configuration.seed = UInt64(seed)
        let folder = RunFolder(path: "\(root)/\(seed)")
        try folder.prepare()
        let trainer = ClassifierTrainer(configuration, smallDataset(), folder: folder, progress: SilentProgress())
        _ = try await trainer.run()
      }
      #expect(try bytes("\(root)/1/weights.safetensors") != bytes("\(root)/2/weights.safetensors"))
    }
  }

  @Test func aLossThatIsNoNumberStopsTraining() async throws {
    var configuration = smallConfiguration()
    configuration.learningRate = 1e38
    try await withFolder { root in
      let folder = RunFolder(path: root)
      try folder.prepare()
      let trainer = ClassifierTrainer(configuration, smallDataset(), folder: folder, progress: SilentProgress())
      do {
        _ = try await trainer.run()
        Issue.record("training with a learning rate of 1e38 went on")
      } catch {
        let sentence = "\(error)"
        #expect(sentence.hasPrefix("the loss became "))
        #expect(sentence.hasSuffix("; try a lower learning rate than 1e+38."))
      }
    }
  }
}
