import Apus
import ApusData
import ApusModels
import Foundation

/// Acting and learning in turns, as a trainer's step. In a turn every environment takes one step by the
/// epsilon-greedy policy, into the replay buffer, and the agent learns from some batches of it.
///
/// Random numbers are functions of seed and turn. Checkpoints hold the replay buffer and the
/// environments too, so a training goes on in the middle of an episode as if it had never stopped.
public final class DQNTraining<World: Environment>: TrainingStep {
  public let agent: DQN
  public let options: DQNOptions
  public let seed: UInt64
  /// The number of turns taken.
  public private(set) var count = 0
  public private(set) var replay: ReplayBuffer
  private var worlds: [Episode]

  private struct Episode: Codable {
    var world: World
    var rewards = 0.0
  }

  /// The rewards of the last episodes that are over, the newest last.
  private var returns: [Double] = []
  private static var shownEpisodes: Int { 20 }

  /// - Parameter seed: of the episodes, of exploration, and of the batches.
  public init(_ agent: DQN, _ world: World, _ options: DQNOptions = DQNOptions(), seed: UInt64 = 0) throws {
    try options.validate()
    self.agent = agent
    self.options = options
    self.seed = seed
    replay = ReplayBuffer(capacity: options.capacity, observationSize: World.observationSize)
    worlds = (0..<options.environments).map { _ in Episode(world: world) }
    var random = generator(.begin)
    for index in worlds.indices { worlds[index].world.reset(using: &random) }
  }

  public var learningRate: Double { agent.step.learningRate }

  /// Of the next turn.
  public var epsilon: Double {
    let progress = Double(count * options.environments) / Double(max(options.exploration, 1))
    return 1 + (options.epsilon - 1) * min(progress, 1)
  }

  /// The mean return of the last episodes, and the probability of a random action.
  public var metrics: [String: Tensor] {
    let mean = returns.reduce(0, +) / Double(max(returns.count, 1))
    return ["return": Tensor(mean, dtype: .f64), "epsilon": Tensor(epsilon, dtype: .f64)]
  }

  private enum Purpose: Int { case begin, turn }

  private func generator(_ purpose: Purpose) -> SampleRandom {
    SampleRandom(seed: seed, epoch: purpose.rawValue, position: count)
  }

  /// Takes a turn and returns the loss of its last batch, 0 while there is too little to learn from.
  public func callAsFunction(_ input: Turn) throws -> Tensor {
    var random = generator(.turn)
    try act(using: &random)
    var loss = Tensor(0, dtype: .f32)
    if replay.count >= options.warmup {
      for _ in 0..<options.batchesPerTurn {
        loss = try agent.learn(replay.sample(options.batchSize, using: &random))
      }
    }
    count += 1
    return loss
  }

  private func act(using random: inout SampleRandom) throws {
    let before = worlds.map(\.world.observation)
    let actions = try agent.act(before, epsilon: epsilon, using: &random)
    for index in worlds.indices {
      let outcome = worlds[index].world.step(actions[index])
      replay.append(
        Transition(
          before[index], actions[index], reward: Float(outcome.reward),
          worlds[index].world.observation, isTerminal: outcome.end == .terminal))
      worlds[index].rewards += outcome.reward
      guard outcome.end != nil else { continue }
      returns = returns.suffix(Self.shownEpisodes - 1) + [worlds[index].rewards]
      worlds[index].rewards = 0
      worlds[index].world.reset(using: &random)
    }
  }

  // MARK: - State

  public var state: [String: Tensor] {
    var state = agent.step.state
    for (name, tensor) in replay.state { state["replay." + name] = tensor }
    state["turn"] = Tensor([count])
    state["returns"] = Tensor(returns, dtype: .f64)
    let text = (try? JSONEncoder().encode(worlds)) ?? Data()
    state["environments"] = Tensor(Array(text))
    return state
  }

  /// Goes on from a saved state.
  ///
  /// - Throws: `TensorError` or ``TrainingError`` where it does not fit this training.
  public func restore(_ state: [String: Tensor]) throws {
    guard let turn = state["turn"], turn.elementCount == 1, let text = state["environments"],
      let returns = state["returns"],
      let worlds = try? JSONDecoder().decode([Episode].self, from: Data(text.array(of: UInt8.self))),
      worlds.count == options.environments
    else {
      throw TrainingError.checkpoint(
        "it is not of a training with \(options.environments) environments of type \(World.self).")
    }
    var replay = self.replay
    let prefix = "replay."
    let saved = state.filter { $0.key.hasPrefix(prefix) }
    try replay.restore(
      Dictionary(uniqueKeysWithValues: saved.map { (String($0.key.dropFirst(prefix.count)), $0.value) }))
    try agent.step.restore(state)
    self.replay = replay
    self.worlds = worlds
    self.returns = returns.array()
    count = turn.array(of: Int.self)[0]
  }
}

/// How a ``DQNTraining`` acts and learns.
public struct DQNOptions: Codable, Hashable, Sendable {
  /// Environments side by side; each takes a step in a turn.
  public var environments = 8
  /// Batches to learn from after each turn.
  public var batchesPerTurn = 4
  public var batchSize = 64
  /// Transitions that are remembered.
  public var capacity = 50_000
  /// Transitions before it begins to learn.
  public var warmup = 1_000
  /// The probability of a random action falls from 1 to `epsilon` over so many transitions.
  public var exploration = 10_000
  public var epsilon = 0.05

  public init() {}

  /// - Throws: ``ConfigurationError`` that names the option whose value is out of range.
  public func validate() throws {
    let counts = [
      ("environments", environments), ("batchesPerTurn", batchesPerTurn), ("batchSize", batchSize),
      ("capacity", capacity), ("warmup", warmup), ("exploration", exploration),
    ]
    for (name, count) in counts where count < 1 {
      throw ConfigurationError("'\(name)' must be at least 1.")
    }
    guard warmup <= capacity else {
      throw ConfigurationError("'warmup' is \(warmup): the buffer holds \(capacity) at most.")
    }
    guard (0...1).contains(epsilon) else {
      throw ConfigurationError("'epsilon' must be from 0 to 1.")
    }
  }
}

/// What a ``DQNTraining`` takes: nothing, since it makes its own data.
public struct Turn: TensorStructure {
  public init() {}
  public var tensors: [Tensor] { [] }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> Turn { self }
}

extension Loader where Output == Turn {
  /// So many turns an epoch, as the source of a trainer; a sample is a transition.
  public init(turns: Int, _ options: DQNOptions) {
    self.init(
      sampleCount: turns * options.environments, batchSize: options.environments, sampler: .inOrder,
      workers: 0
    ) { _ in Turn() }
  }
}
