/// The counter-based generator Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers:
/// As Easy as 1, 2, 3", 2011).
package enum Philox {
  /// Ten rounds on one counter.
  package static func block(
    counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    var (c, k) = (counter, key)
    for _ in 0..<10 {
      let first = (0xD251_1F53 as UInt32).multipliedFullWidth(by: c.0)
      let second = (0xCD9E_8D57 as UInt32).multipliedFullWidth(by: c.2)
      c = (second.high ^ c.1 ^ k.0, second.low, first.high ^ c.3 ^ k.1, first.low)
      k = (k.0 &+ 0x9E37_79B9, k.1 &+ 0xBB67_AE85)
    }
    return c
  }

  /// The block for element `index` of a stream.
  package static func block(
    seed: UInt64, stream: UInt64, index: UInt64
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    block(
      counter: (index.lowWord, index.highWord, stream.lowWord, stream.highWord),
      key: (seed.lowWord, seed.highWord))
  }
}

extension UInt64 {
  fileprivate var lowWord: UInt32 { UInt32(truncatingIfNeeded: self) }
  fileprivate var highWord: UInt32 { UInt32(truncatingIfNeeded: self >> 32) }
}
