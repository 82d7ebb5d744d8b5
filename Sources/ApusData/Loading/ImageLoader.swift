import Apus

/// Batches of images with their classes.
public typealias ImageLoader = Loader<Batch>

extension Loader where Output == Batch {
  /// Batches of images in memory, `x` `u8[batch, height, width, channel]` and `y` `i64[batch]`.
  ///
  /// - Parameters:
  ///   - shuffles: whether each epoch has an order of its own.
  ///   - shift: each image is moved by up to this many pixels along both axes, at random.
  public init(
    _ images: LabeledImages, batchSize: Int, seed: UInt64 = 0, shuffles: Bool = true, shift: Int = 0
  ) {
    precondition(shift >= 0, "the shift is a number of pixels")
    // Copying a batch takes less time than handing it over from another thread.
    self.init(
      sampleCount: images.count, batchSize: batchSize, sampler: shuffles ? .shuffled : .inOrder,
      seed: seed, workers: 0
    ) { request in
      guard shift > 0 else { return images.batch(request.indices) }
      let amount = { (index: Int) in
        let word = RandomPurpose.shift.word(seed: request.seed, epoch: request.epoch, index: index)
        return Int(word.multipliedFullWidth(by: UInt32(2 * shift + 1)).high) - shift
      }
      let shifts = request.positions.map { (rows: amount(2 * $0), columns: amount(2 * $0 + 1)) }
      return images.batch(request.indices, shifts: shifts)
    }
  }

  /// Batches of images with their classes, each changed by `transform`, which brings all to one size.
  ///
  /// `x` is `u8[batch, height, width, channel]`, `y` `i64[batch]`.
  public init(
    _ images: some Dataset<LabeledImage>, batchSize: Int, sampler: Sampler = .shuffled,
    seed: UInt64 = 0, dropsLast: Bool = false, workers: Int = 1, prefetchFactor: Int = 2,
    transform: some ImageTransform
  ) {
    self.init(
      images, batchSize: batchSize, sampler: sampler, seed: seed, dropsLast: dropsLast,
      workers: workers, prefetchFactor: prefetchFactor,
      augment: { sample, random in
        LabeledImage(image: transform(sample.image, &random), label: sample.label)
      }, collate: Collate.images)
  }
}
