#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which samples an epoch takes, in which order: a pure function of the seed and the epoch.
public struct Sampler: Sendable {
  /// What an order is made for.
  public struct Request: Sendable {
    /// Samples of the dataset.
    public let count: Int
    public let batchSize: Int
    public let seed: UInt64
    public let epoch: Int
  }

  /// Samples of an epoch of a dataset with so many.
  let length: @Sendable (Int) -> Int
  /// Indices into the dataset, `length` many.
  let order: @Sendable (Request) -> [Int]

  /// A sampler of one's own.
  ///
  /// - Parameters:
  ///   - length: how many samples an epoch takes from a dataset of so many; all if nil.
  ///   - order: their indices; the same for the same request.
  public init(
    length: (@Sendable (Int) -> Int)? = nil, order: @escaping @Sendable (Request) -> [Int]
  ) {
    self.length = length ?? { $0 }
    self.order = order
  }

  /// All samples as they stand (`SequentialSampler`).
  public static let inOrder = Sampler { Array(0..<$0.count) }

  /// All samples in an order of its own in each epoch (`RandomSampler`).
  public static let shuffled = Sampler {
    RandomOrder.shuffled(count: $0.count, seed: $0.seed, epoch: $0.epoch)
  }

  /// Samples drawn with probabilities in proportion to `weights` (`WeightedRandomSampler`).
  ///
  /// - Parameters:
  ///   - weights: one a sample, not negative; they need not sum to 1.
  ///   - count: samples of an epoch; as many as weights if nil.
  ///   - replacement: whether a sample may be drawn again in the same epoch. Without, there must be
  ///     `count` samples of positive weight.
  public static func weighted(
    _ weights: [Double], count: Int? = nil, replacement: Bool = true
  ) -> Sampler {
    let length = count ?? weights.count
    let positive = weights.count { $0 > 0 }
    precondition(weights.allSatisfy { $0 >= 0 && $0.isFinite }, "weights are finite and not negative")
    precondition(positive > 0 || length == 0, "no sample has a positive weight")
    precondition(
      replacement || positive >= length,
      "\(length) samples cannot be drawn without replacement from \(positive) of positive weight")
    var sums: [Double] = []
    for weight in weights { sums.append((sums.last ?? 0) + weight) }
    return Sampler(length: { _ in length }) { [sums] request in
      precondition(
        weights.count == request.count, "\(weights.count) weights for \(request.count) samples")
      var random = SampleRandom(seed: request.seed, epoch: request.epoch, .order)
      guard replacement else { return heaviest(length, weights, &random) }
      return (0..<length).map { _ in
        let place = Double(random.next() >> 11) * 0x1p-53 * sums[sums.count - 1]
        return sums.partitioningIndex { $0 > place }
      }
    }
  }

  /// Samples such that each class is as likely as any other.
  ///
  /// - Parameters:
  ///   - labels: the class of each sample.
  ///   - count: samples of an epoch; as many as labels if nil.
  public static func classBalanced<Label: Hashable>(_ labels: [Label], count: Int? = nil) -> Sampler {
    var sizes: [Label: Int] = [:]
    for label in labels { sizes[label, default: 0] += 1 }
    return weighted(labels.map { 1 / Double(sizes[$0]!) }, count: count)
  }

  /// All samples, such that those of a batch are of similar length and little of it is padding.
  ///
  /// A shuffled order is cut into windows of `window` batches; each is sorted by length and cut into
  /// batches, and the batches of all windows are shuffled. The smaller batch stays last.
  ///
  /// - Parameter lengths: the length of each sample.
  public static func bucketed(lengths: [Int], window: Int = 50) -> Sampler {
    precondition(window > 0, "a window has at least one batch")
    return Sampler { request in
      precondition(
        lengths.count == request.count, "\(lengths.count) lengths for \(request.count) samples")
      let size = request.batchSize
      let shuffled = RandomOrder.shuffled(
        count: request.count, seed: request.seed, epoch: request.epoch)
      let rest = shuffled.suffix(request.count % size)
      var batches: [ArraySlice<Int>] = []
      let full = shuffled.dropLast(rest.count)
      for start in stride(from: 0, to: full.count, by: size * window) {
        let sorted = full[start..<min(start + size * window, full.count)].sorted {
          (lengths[$0], $0) < (lengths[$1], $1)
        }
        batches += stride(from: 0, to: sorted.count, by: size).map { sorted[$0..<$0 + size] }
      }
      let order = RandomOrder.permutation(
        batches.count, seed: request.seed, epoch: request.epoch, .buckets)
      return order.flatMap { batches[$0] } + rest
    }
  }

  /// Without replacement: the samples whose exponential clocks, as fast as their weights, ring first
  /// (Efraimidis and Spirakis, 2006).
  private static func heaviest(
    _ length: Int, _ weights: [Double], _ random: inout SampleRandom
  ) -> [Int] {
    let times = weights.map { weight in -log(1 - random.uniform()) / weight }
    let possible = weights.indices.filter { weights[$0] > 0 }
    return Array(possible.sorted { (times[$0], $0) < (times[$1], $1) }.prefix(length))
  }
}
