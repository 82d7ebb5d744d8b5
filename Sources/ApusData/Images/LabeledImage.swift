import ApusFormats

/// An image and its class.
public struct LabeledImage: Hashable, Sendable {
  public var image: Image
  public var label: Int

  public init(image: Image, label: Int) {
    self.image = image
    self.label = label
  }
}

extension LabeledImages: Dataset {
  public subscript(index: Int) -> LabeledImage {
    LabeledImage(
      image: Image(
        height: size.height, width: size.width, channels: size.channels,
        pixels: Array(pixels(of: index))),
      label: labels[index])
  }
}
