import ApusIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Random numbers of one sample of one epoch: a pure function of (seed, epoch, position).
///
/// Philox4x32-10 counts through blocks of four words from the position on, so that nothing has to be
/// saved to have the same numbers again, whichever thread draws them.
public struct SampleRandom: RandomNumberGenerator, Sendable {
  private let seed: UInt64
  private let stream: UInt64
  private var index: UInt64
  private var block: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
  private var left = 0

  /// - Parameter position: the place of the sample in the epoch's order, from 0.
  public init(seed: UInt64, epoch: Int, position: Int) {
    self.init(seed: seed, epoch: epoch, .sample, position: position)
  }

  /// - Parameter draw: tells apart generators for the same place, 0 to 127.
  init(
    seed: UInt64, epoch: Int, _ purpose: RandomPurpose, position: Int = 0, draw: Int = 0
  ) {
    self.seed = seed
    stream = purpose.stream(epoch: epoch)
    // Room for 2^26 words before the numbers of the next draw begin, and 2^34 for a position.
    let place = UInt64(UInt32(truncatingIfNeeded: position)) << 32
    index = place | UInt64(draw & 127) << 24
  }

  /// 32 uniformly random bits.
  public mutating func word() -> UInt32 {
    if left == 0 {
      block = Philox.block(seed: seed, stream: stream, index: index)
      index &+= 1
      left = 4
    }
    left -= 1
    switch left {
    case 3: return block.0
    case 2: return block.1
    case 1: return block.2
    default: return block.3
    }
  }

  public mutating func next() -> UInt64 {
    let low = UInt64(word())
    return UInt64(word()) << 32 | low
  }

  /// Uniform on `[0, 1)`, in steps of 2^-32.
  public mutating func uniform() -> Double { Double(word()) * 0x1p-32 }

  /// Uniform on a range.
  public mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// Uniform on `0..<bound`, but for a bias below `bound` / 2^32.
  public mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0 && bound <= Int(UInt32.max), "the bound is from 1 to 2^32 - 1, not \(bound)")
    return Int(word().multipliedFullWidth(by: UInt32(bound)).high)
  }

  /// Uniform on a range of integers.
  public mutating func integer(in range: ClosedRange<Int>) -> Int {
    range.lowerBound + integer(below: range.count)
  }

  /// True with the given probability.
  public mutating func chance(_ probability: Double) -> Bool { uniform() < probability }

  /// Normally distributed with mean 0 and deviation 1 (Box and Muller).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// From the Beta distribution, on 0…1.
  public mutating func beta(_ a: Double, _ b: Double) -> Double {
    let (x, y) = (gamma(a), gamma(b))
    return x + y > 0 ? x / (x + y) : (chance(a / (a + b)) ? 1 : 0)
  }

  /// From the Gamma distribution with scale 1 (Marsaglia and Tsang, 2000).
  mutating func gamma(_ shape: Double) -> Double {
    precondition(shape > 0, "the shape must be positive, not \(shape)")
    if shape < 1 { return gamma(shape + 1) * pow(1 - uniform(), 1 / shape) }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = pow(1 + c * x, 3)
      guard v > 0 else { continue }
      let bound = x * x / 2 + d - d * v + d * log(v)
      if log(1 - uniform()) < bound { return d * v }
    }
  }
}

/// What random numbers are for; each use has streams of its own, one an epoch.
enum RandomPurpose: UInt64 {
  case order = 0x6F72_6465
  case shift = 0x7368_6966
  case sample = 0x7361_6D70
  case batch = 0x6261_7463
  case buckets = 0x6275_636B
  case dataset = 0x6461_7461

  func stream(epoch: Int) -> UInt64 { rawValue << 32 | UInt64(UInt32(truncatingIfNeeded: epoch)) }

  /// Word `index` of an epoch's stream: what the primitive `randomBits` gives for element `index`.
  func word(seed: UInt64, epoch: Int, index: Int) -> UInt32 {
    Philox.block(seed: seed, stream: stream(epoch: epoch), index: UInt64(index)).0
  }
}
