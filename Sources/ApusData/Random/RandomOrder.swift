/// Orders that are pure functions of the seed, the epoch and what they are for.
public enum RandomOrder {
  /// The order of the samples in one epoch: a random permutation of `0..<count`.
  public static func shuffled(count: Int, seed: UInt64, epoch: Int) -> [Int] {
    permutation(count, seed: seed, epoch: epoch, .order)
  }

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
