import Apus
import ApusData
import ApusFormats
import ApusModels
import ApusTrain
import ArgumentParser
import Foundation

/// A deep Q-network that learns to balance a pole, from nothing but what it tries.
struct CartPoleExample: Example {
  static let configuration = CommandConfiguration(
    commandName: "cartpole",
    abstract: "Double DQN on CartPole: an average of at least 475 over 100 episodes.")

  @OptionGroup var options: ExampleOptions

  func train() async throws -> ExampleScore {
    var settings = DQNOptions()
    if options.isShort { settings.exploration = 4_000 }
    let (epochs, turns) = options.isShort ? (3, 300) : (20, 400)
    let total = epochs * turns * settings.batchesPerTurn
    let agent = try DQN(
      observationSize: CartPole.observationSize, actionCount: CartPole.actionCount,
      optimizer: Adam(learningRate: .linear(from: 1e-3, to: 1e-5, total: total)),
      seed: options.seed)
    let training = try DQNTraining(agent, CartPole(), settings, seed: options.seed)
    let about = RunDescription(seed: options.seed)
    let trainer = try Trainer(
      training, agent.store, source: Loader(turns: turns, settings),
      options: TrainingOptions(epochs: epochs, readEvery: 50), folder: folder,
      callbacks: [
        Checkpointing(best: MetricGoal("validation/return", .higher)),
        ProgressDisplay(title: "double DQN on CartPole", unit: "transitions"),
        ReportFile(title: "Double DQN on CartPole", settings: Self.rows(settings), about) { page in
          let episode = try drawn(agent)
          page.add(
            .html(CartPoleDrawing.svg(episode)), under: "An episode",
            note: "With the best known actions, after the last step of training: \(episode.count - 1) steps.")
        },
      ]
    ) {
      ["return": try score(agent, .validation, episodes: options.isShort ? 10 : 50)]
    }
    try await complete(trainer, from: start())
    try agent.store.load(try Checkpoint(path: folder.bestCheckpoint).model)
    return ExampleScore(
      name: "return over 100 unseen episodes", value: try score(agent, .test, episodes: 100), bar: 475)
  }

  /// Episodes that training does not see, and of these some by which the weights are chosen and some
  /// by which they are judged.
  private enum Episodes: Int { case validation = 100, test, drawn }

  private func generator(_ episodes: Episodes) -> SampleRandom {
    SampleRandom(seed: options.seed, epoch: episodes.rawValue, position: 0)
  }

  private func score(_ agent: DQN, _ episodes: Episodes, episodes count: Int) throws -> Double {
    var random = generator(episodes)
    return try agent.returns(count, of: CartPole(), using: &random).reduce(0, +) / Double(count)
  }

  /// All moments of an episode.
  private func drawn(_ agent: DQN) throws -> [CartPole] {
    var random = generator(.drawn)
    var moments = [CartPole()]
    moments[0].reset(using: &random)
    var isOver = false
    while !isOver {
      var world = moments[moments.count - 1]
      isOver = world.step(try agent.act([world.observation])[0]).end != nil
      moments.append(world)
    }
    return moments
  }

  private static func rows(_ settings: DQNOptions) -> [(String, String)] {
    [
      ("environments", "\(settings.environments)"), ("batches a turn", "\(settings.batchesPerTurn)"),
      ("batch size", "\(settings.batchSize)"), ("replay", "\(settings.capacity)"),
    ]
  }
}
