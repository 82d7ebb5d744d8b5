/// A world that an agent acts in, step by step: a value, so that a copy is a world of its own.
///
/// What it draws comes from the generator it is given, and it can be encoded, so a training that was
/// interrupted goes on in the middle of an episode.
public protocol Environment: Codable, Sendable {
  /// Numbers in an observation.
  static var observationSize: Int { get }
  /// Actions are `0..<actionCount`.
  static var actionCount: Int { get }

  /// What the agent sees now: `observationSize` numbers.
  var observation: [Float] { get }

  /// Begins an episode.
  mutating func reset(using generator: inout some RandomNumberGenerator)

  /// Acts once. After the end of an episode it must be reset first.
  mutating func step(_ action: Int) -> Outcome
}

/// What an action led to.
public struct Outcome: Hashable, Sendable {
  /// How an episode ended.
  public enum End: Sendable {
    /// Nothing comes after: the future is worth 0.
    case terminal
    /// The time was over; the future is worth what it would have been.
    case truncated
  }

  public var reward: Double
  /// Nil while the episode goes on.
  public var end: End?

  public init(reward: Double, end: End? = nil) {
    self.reward = reward
    self.end = end
  }
}
