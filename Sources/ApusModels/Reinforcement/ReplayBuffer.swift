import Apus

/// One step in an environment.
public struct Transition: Hashable, Sendable {
  public var observation: [Float]
  public var action: Int
  public var reward: Float
  public var nextObservation: [Float]
  /// Whether nothing comes after; false where only the time was over.
  public var isTerminal: Bool

  public init(
    _ observation: [Float], _ action: Int, reward: Float, _ nextObservation: [Float],
    isTerminal: Bool
  ) {
    self.observation = observation
    self.action = action
    self.reward = reward
    self.nextObservation = nextObservation
    self.isTerminal = isTerminal
  }
}

/// Transitions to learn from together.
public struct TransitionBatch: TensorStructure {
  /// `f32[batch, number]`, before the action and after it.
  public var observations: Tensor
  public var nextObservations: Tensor
  /// `i64[batch]`
  public var actions: Tensor
  /// `f32[batch]`
  public var rewards: Tensor
  /// `f32[batch]`: 0 where nothing comes after, else 1.
  public var continues: Tensor

  public init(
    observations: Tensor, nextObservations: Tensor, actions: Tensor, rewards: Tensor, continues: Tensor
  ) {
    self.observations = observations
    self.nextObservations = nextObservations
    self.actions = actions
    self.rewards = rewards
    self.continues = continues
  }

  public var tensors: [Tensor] { [observations, nextObservations, actions, rewards, continues] }

  public func replacing(with tensors: inout ArraySlice<Tensor>) -> TransitionBatch {
    TransitionBatch(
      observations: tensors.removeFirst(), nextObservations: tensors.removeFirst(),
      actions: tensors.removeFirst(), rewards: tensors.removeFirst(),
      continues: tensors.removeFirst())
  }
}

/// The last transitions, `capacity` at most, from which batches are drawn evenly (Lin, 1992). Its
/// memory grows as it fills, to (2 · observation size + 3) · 4 bytes a transition.
public struct ReplayBuffer: Sendable {
  public let capacity: Int
  public let observationSize: Int
  /// Transitions that it holds.
  public private(set) var count = 0
  /// Where the next one goes.
  private var next = 0
  private var observations: [Float] = []
  private var nextObservations: [Float] = []
  private var actions: [Int32] = []
  private var rewards: [Float] = []
  private var continues: [Float] = []

  public init(capacity: Int, observationSize: Int) {
    check(
      capacity > 0 && observationSize > 0, .argument, "ReplayBuffer",
      "capacity \(capacity) and observation size \(observationSize) must be positive")
    self.capacity = max(capacity, 1)
    self.observationSize = max(observationSize, 1)
  }

  /// Keeps a transition, in place of the oldest where the buffer is full.
  public mutating func append(_ transition: Transition) {
    let size = observationSize
    guard
      check(
        transition.observation.count == size && transition.nextObservation.count == size, .shape,
        "ReplayBuffer",
        "observations of \(transition.observation.count) and \(transition.nextObservation.count) "
          + "numbers, expected \(size)")
    else { return }
    let remaining: Float = transition.isTerminal ? 0 : 1
    if count < capacity {
      observations += transition.observation
      nextObservations += transition.nextObservation
      actions.append(Int32(transition.action))
      rewards.append(transition.reward)
      continues.append(remaining)
      count += 1
    } else {
      for place in 0..<size {
        observations[next * size + place] = transition.observation[place]
        nextObservations[next * size + place] = transition.nextObservation[place]
      }
      actions[next] = Int32(transition.action)
      rewards[next] = transition.reward
      continues[next] = remaining
    }
    next = (next + 1) % capacity
  }

  /// `batchSize` transitions, each drawn from all. Traps on an empty buffer.
  public func sample(
    _ batchSize: Int, using generator: inout some RandomNumberGenerator
  ) -> TransitionBatch {
    check(count > 0, .argument, "ReplayBuffer", "there is no transition to draw from")
    let chosen = count > 0 ? (0..<batchSize).map { _ in Int.random(in: 0..<count, using: &generator) } : []
    return batch(chosen)
  }

  private func batch(_ chosen: [Int]) -> TransitionBatch {
    let size = observationSize
    func rows(_ values: [Float]) -> Tensor {
      let elements = chosen.flatMap { values[$0 * size..<($0 + 1) * size] }
      return Tensor(elements, shape: [chosen.count, size])
    }
    return TransitionBatch(
      observations: rows(observations), nextObservations: rows(nextObservations),
      actions: Tensor(chosen.map { Int64(actions[$0]) }), rewards: Tensor(chosen.map { rewards[$0] }),
      continues: Tensor(chosen.map { continues[$0] }))
  }

  // MARK: - State

  /// All it holds, for a checkpoint.
  public var state: [String: Tensor] {
    let shape: Shape = [count, observationSize]
    return [
      "observations": Tensor(observations, shape: shape),
      "next_observations": Tensor(nextObservations, shape: shape),
      "actions": Tensor(actions), "rewards": Tensor(rewards), "continues": Tensor(continues),
      "next": Tensor([next]),
    ]
  }

  /// Takes the place of what it holds.
  ///
  /// - Throws: `TensorError` where an entry is missing or does not fit; then nothing has changed.
  public mutating func restore(_ state: [String: Tensor]) throws(TensorError) {
    func wrong(_ reason: String) -> TensorError {
      TensorError(.value, operation: "ReplayBuffer", "the saved transitions do not fit: \(reason)")
    }
    func entry(_ name: String, _ shape: Shape?) throws(TensorError) -> Tensor {
      guard let tensor = state[name] else { throw wrong("\"\(name)\" is missing") }
      guard let shape, tensor.shape != shape else { return tensor }
      throw wrong("\"\(name)\" has shape \(tensor.shape), expected \(shape)")
    }
    let count = try entry("actions", nil).elementCount
    let rows: Shape = [count, observationSize]
    let next = try entry("next", [1]).array(of: Int.self)[0]
    guard count <= capacity, next >= 0, next < capacity, count == capacity || next == count else {
      throw wrong("there are \(count), the next at \(next), of at most \(capacity)")
    }
    let restored = (
      try entry("observations", rows), try entry("next_observations", rows),
      try entry("actions", [count]), try entry("rewards", [count]), try entry("continues", [count])
    )
    observations = restored.0.array()
    nextObservations = restored.1.array()
    actions = restored.2.array()
    rewards = restored.3.array()
    continues = restored.4.array()
    (self.count, self.next) = (count, next)
  }
}
