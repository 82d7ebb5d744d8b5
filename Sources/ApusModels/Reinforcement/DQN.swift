import Apus

/// The worth of each action: dense layers with ReLU between them.
///
/// Input: `[batch, number]`. Output: `[batch, action]`. Parameters: `layers.<index>.weight` and `.bias`.
public struct QNetwork: Layer {
  private let layers: [Linear]

  public init(_ scope: Scope, inputs: Int, widths: [Int], actions: Int) {
    let sizes = [inputs] + widths + [actions]
    layers = (0..<sizes.count - 1).map {
      Linear(scope / "layers" / $0, sizes[$0], sizes[$0 + 1])
    }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    layers.dropFirst().reduce(layers[0](x)) { h, layer in layer(relu(h)) }
  }
}

/// An agent that learns what actions are worth from transitions of any policy: a deep Q-network (Mnih
/// et al., 2015), by default a double one (van Hasselt et al., 2016), with the Huber loss.
///
/// Parameters: `online.layers.…`, which are trained, and `target.layers.…`, which follow them. It
/// belongs to one task.
public final class DQN {
  public struct Configuration: Codable, Hashable, Sendable {
    /// The features of the hidden layers.
    public var widths = [128, 128]
    /// What a reward is worth one step later.
    public var discount = 0.99
    /// Whether the trained network chooses the next action whose worth the target network tells.
    public var isDouble = true
    /// How far the target network follows each time; 1 makes it a copy.
    public var targetRate = 1.0
    /// Learning steps between the times that it follows.
    public var targetPeriod = 100

    public init() {}
  }

  public let configuration: Configuration
  public let store: ParameterStore
  public let step: Step<QNetwork, TransitionBatch>
  private let actionCount: Int
  private let greedyActions: Compiled<Tensor, Tensor>
  private let follow: Compiled<Tensor, Tensor>

  /// - Parameter seed: of the first weights.
  public init(
    observationSize: Int, actionCount: Int, _ configuration: Configuration = Configuration(),
    optimizer: any Optimizer, seed: UInt64 = 0
  ) throws {
    check(
      configuration.targetPeriod > 0, .argument, "DQN",
      "the target network follows every \(configuration.targetPeriod) steps; it must be at least 1")
    let store = ParameterStore(seed: seed)
    func network(_ scope: Scope) -> QNetwork {
      QNetwork(
        scope, inputs: observationSize, widths: configuration.widths, actions: actionCount)
    }
    let online = network(store.scope / "online")
    let trained = store.parameters
    let target = network((store.scope / "target").frozen)
    let copies = Array(store.parameters.dropFirst(trained.count))
    self.configuration = configuration
    self.store = store
    self.actionCount = actionCount
    step = Step(online, optimizer, seed: seed) { online, batch in
      DQN.loss(online, target, batch, configuration)
    }
    greedyActions = compiled { online($0).argMax(axis: -1) }
    follow = compiled { rate in
      for (copy, source) in zip(copies, trained) { copy.value = lerp(copy.value, source.value, rate) }
      return rate
    }
    try followTarget(by: 1)
  }

  /// The Huber loss of the worth of the actions taken, against reward plus discounted worth of what
  /// comes after.
  public static func loss(
    _ online: some Layer, _ target: some Layer, _ batch: TransitionBatch,
    _ configuration: Configuration
  ) -> Tensor {
    let chosen = batch.actions.expanded(at: -1)
    let worth = online(batch.observations).gather(chosen, axis: -1).squeezed(-1)
    let after = target(batch.nextObservations)
    let best = (configuration.isDouble ? online(batch.nextObservations) : after)
      .argMax(axis: -1, keepDims: true)
    let future = after.gather(best, axis: -1).squeezed(-1) * batch.continues
    let goal = batch.rewards + future * Tensor(configuration.discount)
    return huberLoss(worth, goal.detached)
  }

  /// Learns from a batch and returns the loss before it.
  @discardableResult
  public func learn(_ batch: TransitionBatch) throws -> Tensor {
    let loss = try step(batch)
    if step.count % max(configuration.targetPeriod, 1) == 0 {
      try followTarget(by: configuration.targetRate)
    }
    return loss
  }

  private func followTarget(by rate: Double) throws {
    _ = try follow(Tensor(Float(rate), dtype: .f32))
  }

  /// The best known action of each observation.
  public func act(_ observations: [[Float]]) throws -> [Int] {
    guard let size = observations.first?.count else { return [] }
    let x = Tensor(Array(observations.joined()), shape: [observations.count, size])
    return try greedyActions(x).array(of: Int.self)
  }

  /// The best known action of each observation, or, with probability `epsilon`, a random one.
  public func act(
    _ observations: [[Float]], epsilon: Double, using generator: inout some RandomNumberGenerator
  ) throws -> [Int] {
    let random = observations.map { _ in
      Double.random(in: 0..<1, using: &generator) < epsilon
        ? Int.random(in: 0..<actionCount, using: &generator) : nil
    }
    if random.allSatisfy({ $0 != nil }) { return random.map { $0! } }
    return zip(random, try act(observations)).map { $0 ?? $1 }
  }

  /// The sum of the rewards of each of so many episodes with the best known actions; they run side
  /// by side.
  public func returns<World: Environment>(
    _ episodes: Int, of environment: World, using generator: inout some RandomNumberGenerator
  ) throws -> [Double] {
    var worlds = (0..<episodes).map { _ in environment }
    for index in worlds.indices { worlds[index].reset(using: &generator) }
    var sums = [Double](repeating: 0, count: episodes)
    var open = Array(worlds.indices)
    while !open.isEmpty {
      // All of them, so that there is one program only.
      let actions = try act(worlds.map(\.observation))
      open = open.filter { index in
        let outcome = worlds[index].step(actions[index])
        sums[index] += outcome.reward
        return outcome.end == nil
      }
    }
    return sums
  }
}
