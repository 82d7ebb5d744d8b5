import ApusFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Brings images to a size, or their shorter side to a length.
public struct Resize: ImageTransform {
  private enum Target: Sendable {
    case size(height: Int, width: Int)
    case shorterSide(Int)
  }

  private let target: Target
  public let interpolation: Interpolation

  public init(height: Int, width: Int, interpolation: Interpolation = .bilinear) {
    precondition(height > 0 && width > 0, "an image has pixels, not \(height) × \(width)")
    target = .size(height: height, width: width)
    self.interpolation = interpolation
  }

  /// Keeps the ratio of the sides; the longer side's length is rounded down, and so limited that the
  /// image has at most `Image.maximumPixelCount` pixels.
  public init(shorterSide: Int, interpolation: Interpolation = .bilinear) {
    precondition(shorterSide > 0, "an image has pixels, not \(shorterSide)")
    target = .shorterSide(shorterSide)
    self.interpolation = interpolation
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    switch target {
    case .size(let height, let width):
      return image.resized(height: height, width: width, interpolation: interpolation)
    case .shorterSide(let side):
      let (shorter, longer) = (min(image.height, image.width), max(image.height, image.width))
      let other = max(min(side * longer / shorter, Image.maximumPixelCount / side), 1)
      let isUpright = image.height >= image.width
      return image.resized(
        height: isUpright ? other : side, width: isUpright ? side : other,
        interpolation: interpolation)
    }
  }
}

/// The middle of the image; black comes in where it is smaller.
public struct CenterCrop: ImageTransform {
  public let height: Int
  public let width: Int

  public init(height: Int, width: Int) {
    precondition(height > 0 && width > 0, "an image has pixels, not \(height) × \(width)")
    self.height = height
    self.width = width
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    image.cropped(
      top: start(image.height, height), left: start(image.width, width), height: height, width: width)
  }

  private func start(_ old: Int, _ new: Int) -> Int {
    guard old >= new else { return -((new - old) / 2) }
    return Int((Double(old - new) / 2).rounded(.toNearestOrEven))
  }
}

/// A part of the image, padded first, at a random place. A smaller image is padded up to the size.
public struct RandomCrop: ImageTransform {
  public let height: Int
  public let width: Int
  public let padding: Int
  public let paddingMode: ImagePadding

  public init(height: Int, width: Int, padding: Int = 0, paddingMode: ImagePadding = .constant(0)) {
    precondition(height > 0 && width > 0, "an image has pixels, not \(height) × \(width)")
    precondition(padding >= 0, "the padding is a number of pixels")
    self.height = height
    self.width = width
    self.padding = padding
    self.paddingMode = paddingMode
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    let top = start(image.height, height, &random)
    let left = start(image.width, width, &random)
    return image.cropped(top: top, left: left, height: height, width: width, padding: paddingMode)
  }

  private func start(_ old: Int, _ new: Int, _ random: inout SampleRandom) -> Int {
    let (first, last) = (-padding, old + padding - new)
    return random.integer(in: min(first, last)...max(first, last))
  }
}

/// A part of random area and ratio of the sides, brought to a size (Szegedy et al., 2015).
public struct RandomResizedCrop: ImageTransform {
  public let height: Int
  public let width: Int
  /// The share of the image's area.
  public let scale: ClosedRange<Double>
  /// Width over height.
  public let ratio: ClosedRange<Double>
  public let interpolation: Interpolation

  public init(
    height: Int, width: Int, scale: ClosedRange<Double> = 0.08...1,
    ratio: ClosedRange<Double> = 3.0 / 4...4.0 / 3, interpolation: Interpolation = .bilinear
  ) {
    precondition(height > 0 && width > 0, "an image has pixels, not \(height) × \(width)")
    precondition(scale.lowerBound >= 0 && scale.upperBound <= 1, "the share is from 0 to 1, not \(scale)")
    precondition(ratio.lowerBound > 0, "the ratio is positive, not \(ratio)")
    self.height = height
    self.width = width
    self.scale = scale
    self.ratio = ratio
    self.interpolation = interpolation
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    let part = part(of: image.size, &random)
    return image
      .cropped(top: part.top, left: part.left, height: part.height, width: part.width)
      .resized(height: height, width: width, interpolation: interpolation)
  }

  func part(
    of size: ImageSize, _ random: inout SampleRandom
  ) -> (top: Int, left: Int, height: Int, width: Int) {
    for _ in 0..<10 {
      let rectangle = randomRectangle(of: size, scale: scale, ratio: ratio, &random)
      let (height, width) = rectangle
      guard height > 0 && width > 0 && height <= size.height && width <= size.width else { continue }
      let top = random.integer(in: 0...size.height - height)
      return (top, random.integer(in: 0...size.width - width), height, width)
    }
    // The largest part in the middle with a ratio that is allowed.
    let found = Double(size.width) / Double(size.height)
    var (height, width) = (size.height, size.width)
    if found < ratio.lowerBound { height = Int((Double(width) / ratio.lowerBound).rounded()) }
    if found > ratio.upperBound { width = Int((Double(height) * ratio.upperBound).rounded()) }
    (height, width) = (min(max(height, 1), size.height), min(max(width, 1), size.width))
    return ((size.height - height) / 2, (size.width - width) / 2, height, width)
  }
}

/// A height and a width whose area is a share of an image's and whose ratio (the second extent over
/// the first), on a logarithmic scale, is uniform.
func randomRectangle(
  of size: ImageSize, scale: ClosedRange<Double>, ratio: ClosedRange<Double>,
  _ random: inout SampleRandom
) -> (height: Int, width: Int) {
  let area = Double(size.height * size.width) * random.uniform(in: scale)
  let shape = exp(random.uniform(in: log(ratio.lowerBound)...log(ratio.upperBound)))
  return (Int((area / shape).squareRoot().rounded()), Int((area * shape).squareRoot().rounded()))
}
