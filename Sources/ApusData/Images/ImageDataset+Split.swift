extension ImageDataset {
  /// The same images, split anew: this share of each class is held out, to within one image.
  public func split(heldOut share: Double, seed: UInt64) throws -> ImageDataset {
    let images = LabeledImages(
      size: size, pixels: training.pixels + heldOut.pixels, labels: training.labels + heldOut.labels,
      classNames: classNames)
    let split = try ArrayDataset(Array(0..<images.count))
      .stratifiedSplit(1 - share, seed: seed) { images.labels[$0] }
    let parts = try [split.training, split.heldOut].map { part in
      images.subset(try (0..<part.count).map { try part[$0] })
    }
    return ImageDataset(name: name, training: parts[0], heldOut: parts[1])
  }
}
