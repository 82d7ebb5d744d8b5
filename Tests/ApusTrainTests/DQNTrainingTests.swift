import Apus
import ApusData
import ApusModels
import ApusTrain
import Foundation
import Testing

@Suite struct DQNTrainingTests {
  private var options: DQNOptions {
    var options = DQNOptions()
    options.environments = 3
    options.batchSize = 8
    options.batchesPerTurn = 1
    options.capacity = 100
    options.warmup = 30
    options.exploration = 100
    return options
  }

  private func make() throws -> DQNTraining<CartPole> {
    var configuration = DQN.Configuration()
    configuration.widths = [8]
    configuration.targetPeriod = 5
    let agent = try DQN(
      observationSize: 4, actionCount: 2, configuration, optimizer: Adam(learningRate: 1e-2), seed: 1)
    return try DQNTraining(agent, CartPole(), options, seed: 1)
  }

  /// Protects resuming: environments, replay, optimizer and weights all go on where they stood.
  @Test func itGoesOnToTheBit() throws {
    let whole = try make()
    let first = try make()
    for _ in 0..<80 { _ = try whole(Turn()) }
    for _ in 0..<47 { _ = try first(Turn()) }
    let checkpoint = Checkpoint(position: .init(), model: first.agent.store.state, training: first.state)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(UUID()).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try checkpoint.write(to: path)

    let second = try make()
    let saved = try Checkpoint(path: path)
    try second.agent.store.load(saved.model)
    try second.restore(saved.training)
    for _ in 47..<80 { _ = try second(Turn()) }
    for (path, value) in whole.agent.store.state {
      let isSame = value == second.agent.store.state[path]!
      #expect(isSame, "\(path)")
    }
    #expect(second.metrics["return"]!.item == whole.metrics["return"]!.item)
    #expect(second.count == 80 && second.epsilon == whole.epsilon)
  }

  @Test func memoryIsBounded() throws {
    let training = try make()
    for _ in 0..<50 { _ = try training(Turn()) }
    #expect(training.replay.count == 100)
  }

  @Test func otherStatesAreRefused() throws {
    let training = try make()
    var state = training.state
    state["environments"] = Tensor(Array("[]".utf8))
    #expect(throws: TrainingError.self) { try training.restore(state) }
    #expect(throws: TrainingError.self) { try training.restore([:]) }
  }

  @Test func optionsOutOfRangeAreNamed() {
    var options = options
    options.warmup = 101
    #expect(throws: ConfigurationError.self) { try options.validate() }
    options.warmup = 1
    options.epsilon = 1.5
    #expect(throws: ConfigurationError.self) { try options.validate() }
  }
}
