import Apus
import ApusModels
import Testing

@Suite struct DQNTests {
  private struct Constant: RandomNumberGenerator {
    var state: UInt64 = 1
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 29)
    }
  }

  private func transition(_ number: Int) -> Transition {
    Transition([Float(number)], number % 2, reward: Float(number), [Float(number + 1)], isTerminal: number == 4)
  }

  // MARK: - Replay

  @Test func theOldestTransitionsMakeRoom() throws {
    var buffer = ReplayBuffer(capacity: 4, observationSize: 1)
    for number in 0..<6 { buffer.append(transition(number)) }
    #expect(buffer.count == 4)
    var random = Constant()
    let batch = buffer.sample(400, using: &random)
    let rewards = batch.rewards.array(of: Float.self)
    #expect(Set(rewards) == [2, 3, 4, 5])
    for number in 2...5 {
      let share = Double(rewards.filter { $0 == Float(number) }.count) / 400
      #expect(abs(share - 0.25) < 0.08)
    }
    let next = batch.nextObservations.array(of: Float.self)
    let continues = batch.continues.array(of: Float.self)
    let actions = batch.actions.array(of: Int.self)
    for (index, reward) in rewards.enumerated() {
      #expect(next[index] == reward + 1 && actions[index] == Int(reward) % 2)
      #expect(continues[index] == (reward == 4 ? 0 : 1))
    }
  }

  @Test func aBufferGoesOnFromItsState() throws {
    var buffer = ReplayBuffer(capacity: 4, observationSize: 1)
    for number in 0..<6 { buffer.append(transition(number)) }
    var copy = ReplayBuffer(capacity: 4, observationSize: 1)
    try copy.restore(buffer.state)
    buffer.append(transition(6))
    copy.append(transition(6))
    var (a, b) = (Constant(), Constant())
    let isSame = buffer.sample(50, using: &a).rewards == copy.sample(50, using: &b).rewards
    #expect(isSame)
  }

  @Test func statesThatDoNotFitAreRefused() {
    var buffer = ReplayBuffer(capacity: 4, observationSize: 1)
    for number in 0..<4 { buffer.append(transition(number)) }
    var small = ReplayBuffer(capacity: 2, observationSize: 1)
    #expect(throws: TensorError.self) { try small.restore(buffer.state) }
    var wide = ReplayBuffer(capacity: 4, observationSize: 2)
    #expect(throws: TensorError.self) { try wide.restore(buffer.state) }
    var state = buffer.state
    state["next"] = Tensor([4])
    var same = buffer
    #expect(throws: TensorError.self) { try same.restore(state) }
    state["next"] = nil
    #expect(throws: TensorError.self) { try same.restore(state) }
  }

  // MARK: - Learning

  /// Worths that are known: `y = x · weight`.
  private struct Worths: Layer {
    let weight: Tensor
    func callAsFunction(_ x: Tensor) -> Tensor { matmul(x, weight) }
  }

  private var batch: TransitionBatch {
    TransitionBatch(
      observations: Tensor([[Float(1), 0], [0, 1]]), nextObservations: Tensor([[Float(1), 1], [1, 1]]),
      actions: Tensor([Int64(0), 1]), rewards: Tensor([Float(1), 2]), continues: Tensor([Float(1), 0]))
  }

  /// By hand: the online network finds action 1 better next (5 over 2), the target network action 0 (8 over 3).
  @Test(arguments: [(true, 1.0 + 0.5 * 3), (false, 1.0 + 0.5 * 8)])
  func theLossIsThePapers(_ isDouble: Bool, _ goal: Double) {
    let online = Worths(weight: Tensor([[Float(1), 3], [1, 2]]))
    let target = Worths(weight: Tensor([[Float(4), 1], [4, 2]]))
    var configuration = DQN.Configuration()
    configuration.discount = 0.5
    configuration.isDouble = isDouble
    let loss = DQN.loss(online, target, batch, configuration).item
    // The second is terminal: its goal is the reward, which its worth is already.
    #expect(abs(loss - (abs(goal - 1) - 0.5) / 2) < 1e-6)
  }

  @Test func theTargetFollowsWhenItIsTime() throws {
    var configuration = DQN.Configuration()
    configuration.widths = [3]
    configuration.targetPeriod = 2
    configuration.targetRate = 0.25
    let agent = try DQN(
      observationSize: 2, actionCount: 2, configuration, optimizer: SGD(learningRate: 0.1), seed: 3)
    func values(_ network: String) -> [Float] {
      agent.store.parameters.filter { $0.path.hasPrefix(network) }
        .flatMap { $0.value.array(of: Float.self) }
    }
    let first = values("online")
    #expect(values("target") == first)
    try agent.learn(batch)
    #expect(values("online") != first && values("target") == first)
    try agent.learn(batch)
    let online = values("online")
    for (index, value) in values("target").enumerated() {
      #expect(abs(value - (first[index] + 0.25 * (online[index] - first[index]))) < 1e-6)
    }
  }

  /// One step long; the best action is the one whose number is larger.
  private struct Choice: Environment {
    static let observationSize = 2
    static let actionCount = 2
    var observation: [Float] = [0, 0]
    mutating func reset(using generator: inout some RandomNumberGenerator) {
      observation = (0..<2).map { _ in Float.random(in: -1...1, using: &generator) }
    }
    mutating func step(_ action: Int) -> Outcome {
      Outcome(reward: observation[action] > observation[1 - action] ? 1 : 0, end: .terminal)
    }
  }

  @Test func anAgentLearnsAChoice() throws {
    var configuration = DQN.Configuration()
    configuration.widths = [16]
    let agent = try DQN(
      observationSize: 2, actionCount: 2, configuration, optimizer: Adam(learningRate: 1e-2), seed: 0)
    var random = Constant()
    var buffer = ReplayBuffer(capacity: 500, observationSize: 2)
    var world = Choice()
    for _ in 0..<500 {
      world.reset(using: &random)
      let seen = world.observation
      let action = try agent.act([seen], epsilon: 1, using: &random)[0]
      let reward = Float(world.step(action).reward)
      buffer.append(Transition(seen, action, reward: reward, seen, isTerminal: true))
    }
    for _ in 0..<150 { try agent.learn(buffer.sample(32, using: &random)) }
    let returns = try agent.returns(200, of: Choice(), using: &random)
    #expect(returns.reduce(0, +) / 200 > 0.9)
  }
}
