/// Orders that are pure functions of the seed, the epoch and what they are for.
enum RandomOrder {
  /// A random permutation of `0..<count` (Fisher-Yates).
  static func permutation(
    _ count: Int, seed: UInt64, epoch: Int = 0, _ purpose: RandomPurpose
  ) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      let word = purpose.word(seed: seed, epoch: epoch, index: last)
      // The high word of the product is uniform on 0...last but for a bias below count / 2^32.
      order.swapAt(last, Int(word.multipliedFullWidth(by: UInt32(last + 1)).high))
    }
    return order
  }
}

/// The order of samples in one epoch.
public enum EpochOrder {
  /// A random permutation of `0..<count`: a pure function of the seed and the epoch.
  public static func shuffled(count: Int, seed: UInt64, epoch: Int) -> [Int] {
    RandomOrder.permutation(count, seed: seed, epoch: epoch, .order)
  }
}
