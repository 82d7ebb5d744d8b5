import ApusFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A number of random changes of one strength (Cubuk et al., 2019), with torchvision's table.
public struct RandAugment: ImageTransform {
  /// One of the changes, each as likely as any other.
  public enum Operation: String, Hashable, Sendable, CaseIterable {
    case identity, shearX, shearY, translateX, translateY, rotate, brightness, color, contrast
    case sharpness, posterize, solarize, autoContrast, equalize
  }

  /// Changes of an image.
  public let numOps: Int
  /// The strength, 0 up to `numMagnitudeBins` - 1.
  public let magnitude: Int
  public let numMagnitudeBins: Int
  public let interpolation: Interpolation
  public let fill: UInt8

  public init(
    numOps: Int = 2, magnitude: Int = 9, numMagnitudeBins: Int = 31,
    interpolation: Interpolation = .nearest, fill: UInt8 = 0
  ) {
    precondition(numOps >= 0, "the number of changes is not negative")
    precondition(
      numMagnitudeBins > 1 && (0..<numMagnitudeBins).contains(magnitude),
      "there is no strength \(magnitude) of \(numMagnitudeBins)")
    self.numOps = numOps
    self.magnitude = magnitude
    self.numMagnitudeBins = numMagnitudeBins
    self.interpolation = interpolation
    self.fill = fill
  }

  public func callAsFunction(_ image: Image, _ random: inout SampleRandom) -> Image {
    var image = image
    let operations = Operation.allCases
    for _ in 0..<numOps {
      let operation = operations[random.integer(below: operations.count)]
      image = apply(operation, to: image, isNegative: random.chance(0.5))
    }
    return image
  }

  /// One change at this strength; the sign counts for those that have one.
  public func apply(_ operation: Operation, to image: Image, isNegative: Bool = false) -> Image {
    let share = Double(magnitude) / Double(numMagnitudeBins - 1)
    let sign = isNegative ? -1.0 : 1.0
    let enhancement = 1 + sign * 0.9 * share
    switch operation {
    case .identity: return image
    case .shearX: return shear(image, x: sign * 0.3 * share, y: 0)
    case .shearY: return shear(image, x: 0, y: sign * 0.3 * share)
    case .translateX: return translate(image, x: sign * share * 150 / 331 * Double(image.width), y: 0)
    case .translateY: return translate(image, x: 0, y: sign * share * 150 / 331 * Double(image.height))
    case .rotate:
      return image.rotated(degrees: sign * 30 * share, interpolation: interpolation, fill: fill)
    case .brightness: return image.brightness(enhancement)
    case .color: return image.saturation(enhancement)
    case .contrast: return image.contrast(enhancement)
    case .sharpness: return image.sharpness(enhancement)
    case .posterize: return image.posterized(bits: 8 - Int((4 * share).rounded(.toNearestOrEven)))
    case .solarize: return image.solarized(threshold: 255 * (1 - share))
    case .autoContrast: return image.autoContrasted()
    case .equalize: return image.equalized()
    }
  }

  /// By slopes, from the corner at the top left.
  private func shear(_ image: Image, x: Double, y: Double) -> Image {
    let degrees = (x: atan(x) * 180 / .pi, y: atan(y) * 180 / .pi)
    return image.affine(shear: degrees, center: (0, 0), interpolation: interpolation, fill: fill)
  }

  private func translate(_ image: Image, x: Double, y: Double) -> Image {
    image.affine(
      translate: (x.rounded(.towardZero), y.rounded(.towardZero)), interpolation: interpolation,
      fill: fill)
  }
}
