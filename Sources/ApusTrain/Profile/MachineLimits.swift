import Apus
import ApusRuntime

/// What this machine can do, measured by a product of matrices and by a copy.
public struct MachineLimits: Sendable {
  /// Multiplications and additions of f32 a nanosecond: GF/s.
  public var gigaflopsPerSecond: Double
  /// Bytes read and written a nanosecond, from memory: GB/s.
  public var gigabytesPerSecond: Double

  public init(gigaflopsPerSecond: Double, gigabytesPerSecond: Double) {
    self.gigaflopsPerSecond = gigaflopsPerSecond
    self.gigabytesPerSecond = gigabytesPerSecond
  }

  /// Takes about a tenth of a second.
  public static func measured() throws -> MachineLimits {
    let size: Int = 1_024
    let matrix = try Tensor.uniform([size, size], low: -1, high: 1).evaluated()
    let product = try best(compiled { (x: Tensor) in matmul(x, x) }, on: matrix)
    // Larger than the caches.
    let count: Int = 1 << 24
    let numbers = try Tensor.ones([count]).evaluated()
    let copy = try best(compiled { (x: Tensor) in -x }, on: numbers)
    return MachineLimits(
      gigaflopsPerSecond: 2 * Double(size * size * size) / product,
      gigabytesPerSecond: 8 * Double(count) / copy)
  }

  /// The least nanoseconds of a run.
  private static func best(_ function: Compiled<Tensor, Tensor>, on x: Tensor) throws -> Double {
    _ = try function(x)
    var least = UInt64.max
    for _ in 0..<8 {
      let start = monotonicNanoseconds()
      _ = try function(x)
      least = min(least, monotonicNanoseconds() - start)
    }
    return Double(max(least, 1))
  }

  /// The share of the limit that binds, arithmetic or memory, at which work was done.
  func share(flops: Int, bytes: Int, nanoseconds: UInt64) -> Double {
    let arithmetic = Double(flops) / gigaflopsPerSecond
    let memory = Double(bytes) / gigabytesPerSecond
    return max(arithmetic, memory) / Double(max(nanoseconds, 1))
  }
}
