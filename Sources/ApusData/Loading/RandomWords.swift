import Apus
import ApusIR

/// Random numbers that are a pure function of where they are used.
///
/// They come from the `randomBits` primitive, so they are those of Philox4x32-10 on
/// every engine, and nothing has to be saved to have the same ones again after an interruption.
struct RandomWords {
  /// What the numbers are for; each use has streams of its own.
  enum Purpose: UInt64 {
    case order = 0x6F72_6465
    case shift = 0x7368_6966
  }

  /// `count` uniformly random words for one epoch.
  static func words(seed: UInt64, epoch: Int, _ purpose: Purpose, count: Int) -> [UInt32] {
    let stream = purpose.rawValue << 32 | UInt64(UInt32(truncatingIfNeeded: epoch))
    let key = Tensor([Int64(bitPattern: seed), Int64(bitPattern: stream)])
    do {
      let node = try Node(.randomBits(TensorType(.i32, [count])), [key.node])
      return Tensor(node).array(of: Int32.self).map(UInt32.init(bitPattern:))
    } catch {
      // The key and the count are made here, so there is nothing that could be wrong with them.
      fatalError("\(error)")
    }
  }
}

/// The order of samples in one epoch.
public enum EpochOrder {
  /// A random permutation of `0..<count`: a pure function of the seed and the epoch (Fisher-Yates).
  public static func shuffled(count: Int, seed: UInt64, epoch: Int) -> [Int] {
    var order = Array(0..<count)
    guard count > 1 else { return order }
    let words = RandomWords.words(seed: seed, epoch: epoch, .order, count: count)
    for last in stride(from: count - 1, through: 1, by: -1) {
      // The high word of the product is uniform on 0...last but for a bias below count / 2^32.
      let chosen = Int(words[last].multipliedFullWidth(by: UInt32(last + 1)).high)
      order.swapAt(last, chosen)
    }
    return order
  }
}
