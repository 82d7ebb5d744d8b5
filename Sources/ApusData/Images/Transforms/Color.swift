import ApusFormats

/// Brightness, contrast, saturation and hue changed at random, in random order.
public struct ColorJitter: ImageTransform {
  /// The factor is from 1 - `brightness`, or 0, to 1 + `brightness`; so with the next two.
  public let brightness: Double
  public let contrast: Double
  public let saturation: Double
  /// Hues turn by up to this share of the colour circle, at most 0.5.
  public let hue: Double

  public init(
    brightness: Double = 0, contrast: Double = 0, saturation: Double = 0, hue: Double = 0
  ) {
    precondition(min(brightness, contrast, saturation) >= 0, "the ranges are not negative")
    precondition((0...0.5).contains(hue), "hues turn by up to 0.5, not \(hue)")
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    var order = [0, 1, 2, 3]
    for last in [3, 2, 1] { order.swapAt(last, random.integer(in: 0...last)) }
    let factors = [brightness, contrast, saturation].map { range in
      random.uniform(in: max(0, 1 - range)...1 + range)
    }
    let turn = random.uniform(in: -hue...hue)
    var image = image
    for change in order {
      switch change {
      case 0 where brightness > 0: image = image.brightness(factors[0])
      case 1 where contrast > 0: image = image.contrast(factors[1])
      case 2 where saturation > 0: image = image.saturation(factors[2])
      case 3 where hue > 0: image = image.hue(turn)
      default: break
      }
    }
    return image
  }
}

/// Grey with a probability, in as many channels as before.
public struct RandomGrayscale: ImageTransform {
  public let p: Double

  public init(p: Double = 0.1) { self.p = p }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    random.chance(p) ? image.grayscale : image
  }
}

/// Grey, in 1 channel or in 3 equal ones.
public struct Grayscale: ImageTransform {
  public let channels: Int

  public init(channels: Int = 1) {
    precondition(channels == 1 || channels == 3, "an image has 1 or 3 channels, not \(channels)")
    self.channels = channels
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    image.converted(toChannels: 1).converted(toChannels: channels)
  }
}
