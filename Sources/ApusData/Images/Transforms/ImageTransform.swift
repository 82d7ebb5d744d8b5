import ApusFormats

/// A change of an image, at random or not: a value that is told where its random numbers come from.
public protocol ImageTransform: Sendable {
  func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image
}

/// Transforms one after the other.
public struct Compose: ImageTransform {
  public let transforms: [any ImageTransform]

  public init(_ transforms: [any ImageTransform]) { self.transforms = transforms }

  public init(_ transforms: any ImageTransform...) { self.transforms = transforms }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    var image = image
    for transform in transforms { image = transform(image, &random) }
    return image
  }
}

/// A transform that is applied with a probability.
public struct RandomApply: ImageTransform {
  public let transform: any ImageTransform
  public let p: Double

  public init(_ transform: any ImageTransform, p: Double = 0.5) {
    self.transform = transform
    self.p = p
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    random.chance(p) ? transform(image, &random) : image
  }
}

/// One of several transforms, each as likely as any other.
public struct RandomChoice: ImageTransform {
  public let transforms: [any ImageTransform]

  public init(_ transforms: [any ImageTransform]) {
    precondition(!transforms.isEmpty, "there is nothing to choose from")
    self.transforms = transforms
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    transforms[random.integer(below: transforms.count)](image, &random)
  }
}
