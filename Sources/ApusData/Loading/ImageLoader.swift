import Apus

/// Cuts a data set into batches, epoch by epoch.
///
/// Order and augmentation of every batch are pure functions of the seed, the epoch and the place in
/// it, so training that starts again in the middle of an epoch sees what it would have seen.
public struct ImageLoader: Sendable {
  public let images: LabeledImages
  public let batchSize: Int
  public let seed: UInt64
  /// Whether each epoch has an order of its own.
  public let shuffles: Bool
  /// Each image is moved by up to this many pixels along both axes, at random.
  public let shift: Int

  public init(
    _ images: LabeledImages, batchSize: Int, seed: UInt64 = 0, shuffles: Bool = true, shift: Int = 0
  ) {
    precondition(batchSize > 0, "a batch has at least one image")
    precondition(shift >= 0, "the shift is a number of pixels")
    self.images = images
    self.batchSize = batchSize
    self.seed = seed
    self.shuffles = shuffles
    self.shift = shift
  }

  /// Batches in an epoch; the last may be smaller.
  public var batchCount: Int { (images.count + batchSize - 1) / batchSize }

  /// The batches of an epoch, from batch `start` on.
  public func epoch(_ epoch: Int, from start: Int = 0) -> Epoch {
    let count = images.count
    let order = shuffles ? EpochOrder.shuffled(count: count, seed: seed, epoch: epoch) : Array(0..<count)
    guard shift > 0 else { return Epoch(loader: self, order: order, shifts: nil, start: start) }
    let words = RandomWords.words(seed: seed, epoch: epoch, .shift, count: 2 * count)
    let shifts = words.map { Int($0.multipliedFullWidth(by: UInt32(2 * shift + 1)).high) - shift }
    return Epoch(loader: self, order: order, shifts: shifts, start: start)
  }

  /// The batches of one epoch, in order: `for try await batch in loader.epoch(0)`.
  public struct Epoch: AsyncSequence, Sendable {
    let loader: ImageLoader
    let order: [Int]
    let shifts: [Int]?
    let start: Int

    /// One batch of the epoch, 0 being its first wherever the sequence starts.
    public func batch(_ index: Int) -> Batch {
      let first = index * loader.batchSize
      let range = first..<Swift.min(first + loader.batchSize, order.count)
      let shifts = shifts.map { shifts in
        range.map { (rows: shifts[2 * $0], columns: shifts[2 * $0 + 1]) }
      }
      return loader.images.batch(Array(order[range]), shifts: shifts)
    }

    public struct Iterator: AsyncIteratorProtocol {
      let epoch: Epoch
      var index: Int

      public mutating func next() async throws -> Batch? {
        guard index < epoch.loader.batchCount else { return nil }
        defer { index += 1 }
        return epoch.batch(index)
      }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(epoch: self, index: start) }
  }
}

extension ImageLoader: BatchSource {
  public var count: Int { images.count }

  public func epoch(_ epoch: Int, from start: Int) -> any AsyncSequence<Batch, any Error> {
    self.epoch(epoch, from: start) as Epoch
  }
}
