import ApusFormats

/// Left and right exchanged with a probability.
public struct RandomHorizontalFlip: ImageTransform {
  public let p: Double

  public init(p: Double = 0.5) { self.p = p }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    random.chance(p) ? image.flippedHorizontally() : image
  }
}

/// Top and bottom exchanged with a probability.
public struct RandomVerticalFlip: ImageTransform {
  public let p: Double

  public init(p: Double = 0.5) { self.p = p }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    random.chance(p) ? image.flippedVertically() : image
  }
}

/// Turned about the middle by a random angle, in degrees counter-clockwise.
public struct RandomRotation: ImageTransform {
  public let degrees: ClosedRange<Double>
  public let interpolation: Interpolation
  public let fill: UInt8

  public init(
    degrees: ClosedRange<Double>, interpolation: Interpolation = .nearest, fill: UInt8 = 0
  ) {
    self.degrees = degrees
    self.interpolation = interpolation
    self.fill = fill
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    image.rotated(degrees: random.uniform(in: degrees), interpolation: interpolation, fill: fill)
  }
}

/// Turned, moved, scaled and sheared at random about the middle.
public struct RandomAffine: ImageTransform {
  /// Degrees, clockwise.
  public let degrees: ClosedRange<Double>
  /// The largest shares of width and height to move by.
  public let translate: (x: Double, y: Double)
  public let scale: ClosedRange<Double>
  /// Degrees along x.
  public let shear: ClosedRange<Double>
  public let interpolation: Interpolation
  public let fill: UInt8

  public init(
    degrees: ClosedRange<Double>, translate: (x: Double, y: Double) = (0, 0),
    scale: ClosedRange<Double> = 1...1, shear: ClosedRange<Double> = 0...0,
    interpolation: Interpolation = .nearest, fill: UInt8 = 0
  ) {
    precondition(scale.lowerBound > 0, "the scale is positive, not \(scale)")
    self.degrees = degrees
    self.translate = translate
    self.scale = scale
    self.shear = shear
    self.interpolation = interpolation
    self.fill = fill
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    let angle = random.uniform(in: degrees)
    let (dx, dy) = (translate.x * Double(image.width), translate.y * Double(image.height))
    let x = random.uniform(in: -dx...dx).rounded()
    let y = random.uniform(in: -dy...dy).rounded()
    let scale = random.uniform(in: scale)
    return image.affine(
      angle: angle, translate: (x, y), scale: scale, shear: (random.uniform(in: shear), 0),
      interpolation: interpolation, fill: fill)
  }
}

/// A random rectangle in one value (Zhong et al., 2017).
public struct RandomErasing: ImageTransform {
  public let p: Double
  /// The share of the image's area.
  public let scale: ClosedRange<Double>
  /// Height over width.
  public let ratio: ClosedRange<Double>
  public let value: UInt8

  public init(
    p: Double = 0.5, scale: ClosedRange<Double> = 0.02...0.33,
    ratio: ClosedRange<Double> = 0.3...3.3, value: UInt8 = 0
  ) {
    precondition(ratio.lowerBound > 0, "the ratio is positive, not \(ratio)")
    self.p = p
    self.scale = scale
    self.ratio = ratio
    self.value = value
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    guard random.chance(p) else { return image }
    for _ in 0..<10 {
      let (width, height) = randomRectangle(of: image.size, scale: scale, ratio: ratio, &random)
      guard height < image.height && width < image.width else { continue }
      let top = random.integer(in: 0...image.height - height)
      let left = random.integer(in: 0...image.width - width)
      return image.erased(top: top, left: left, height: height, width: width, value: value)
    }
    return image
  }
}

/// A square in one value around a random pixel, which may reach beyond the edge (DeVries and Taylor, 2017).
public struct Cutout: ImageTransform {
  /// The length of a side in pixels.
  public let size: Int
  public let value: UInt8

  public init(size: Int, value: UInt8 = 0) {
    precondition(size > 0, "the square has pixels, not \(size)")
    self.size = size
    self.value = value
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    let top = random.integer(below: image.height) - size / 2
    let left = random.integer(below: image.width) - size / 2
    return image.erased(top: top, left: left, height: size, width: size, value: value)
  }
}
