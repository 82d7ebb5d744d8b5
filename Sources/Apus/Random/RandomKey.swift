import ApusIR

/// Where random numbers come from: the same key always gives the same numbers, on any engine and
/// number of threads.
///
/// A key is a seed and a stream, `i64[2]`; Philox4x32-10 makes the bits (Salmon et al., 2011).
/// It is data, so that another seed never compiles anew.
public struct RandomKey: Sendable {
  /// `[seed, stream]`
  public let tensor: Tensor
  /// Seed and stream where they are known; inside a compiled function they are an input.
  private let known: (seed: Int64, stream: Int64)?

  public init(seed: UInt64, stream: UInt64 = 0) {
    let pair = (seed: Int64(bitPattern: seed), stream: Int64(bitPattern: stream))
    tensor = Tensor([pair.seed, pair.stream])
    known = pair
  }

  /// A key that is computed or an input.
  public init(_ tensor: Tensor) {
    self.tensor = tensor
    known = nil
  }

  /// The key of another stream, `offset` further on.
  public func advanced(by offset: Int) -> RandomKey {
    if let known {
      let stream = known.stream &+ Int64(offset)
      return RandomKey(
        seed: UInt64(bitPattern: known.seed), stream: UInt64(bitPattern: stream))
    }
    let place = Tensor.index(along: 0, [2], device: tensor.device)
    return RandomKey(tensor + place * Tensor(offset))
  }

  /// `count` keys that have nothing to do with each other or with this one.
  public func split(_ count: Int = 2) -> [RandomKey] {
    let bits = Tensor.randomBits([count, 2], dtype: .i64, key: self)
    return (0..<count).map { RandomKey(bits[$0]) }
  }
}

/// A source of keys: each draw takes the next stream.
final class RandomGenerator: Sendable {
  private let base: RandomKey
  private let counter = Counter()

  init(_ base: RandomKey) { self.base = base }

  func next() -> RandomKey { base.advanced(by: counter.next()) }

  var hasDrawn: Bool { counter.current > 0 }

  @TaskLocal static var current: RandomGenerator?

  /// Used outside `withRandom`: seed 0, in the order in which tasks happen to ask.
  static let shared = RandomGenerator(RandomKey(seed: 0))
}

/// Runs `body` with random numbers that depend on `seed` alone: draws in the same order give the same
/// numbers.
public func withRandom<Result>(seed: UInt64, _ body: () throws -> Result) rethrows -> Result {
  try withRandom(RandomKey(seed: seed), body)
}

/// Runs `body` with random numbers that depend on `key` alone.
public func withRandom<Result>(_ key: RandomKey, _ body: () throws -> Result) rethrows -> Result {
  try RandomGenerator.$current.withValue(RandomGenerator(key), operation: body)
}
