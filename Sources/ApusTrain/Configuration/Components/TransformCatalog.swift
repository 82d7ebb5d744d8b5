import Apus
import ApusData

/// A change of images, or of batches.
enum ConfiguredTransform {
  case image(any ImageTransform)
  case batch(@Sendable (_ classes: Int) -> @Sendable (Batch, inout SampleRandom) -> Batch)
}

/// The transforms of `ApusData`.
enum TransformCatalog {
  typealias Entry = Catalog<ConfiguredTransform>.Entry
  typealias Option = ConfigurationOption

  static let catalog = Catalog<ConfiguredTransform>("transform", images + combinations + batches)

  private static let size = Option.extents("size", 1...4096, required: true)
  private static let p = Option.number("p", .share, 0.5)
  private static let value = 0...255

  private static func interpolation(_ fallback: Interpolation) -> Option {
    .choice("interpolation", Interpolation.allCases.map(\.rawValue), fallback.rawValue)
  }

  private static func interpolation(_ a: Arguments) -> Interpolation {
    Interpolation(rawValue: a.text("interpolation")) ?? .nearest
  }

  private static func size(_ a: Arguments) -> (height: Int, width: Int) {
    let size = a.integers("size")
    return (size[0], size.last ?? size[0])
  }

  private static func range(_ a: Arguments, _ name: String) throws -> ClosedRange<Double> {
    let numbers = a.numbers(name)
    guard numbers.count == 2, numbers[0] <= numbers[1] else {
      throw a.error("the first number of '\(name)' must not be greater than the second.")
    }
    return numbers[0]...numbers[1]
  }

  private static func fill(_ a: Arguments, _ name: String = "fill") -> UInt8 { UInt8(a.integer(name)) }

  private static let images: [Entry] = [
    Entry("resize", [size, interpolation(.bilinear)]) { a in
      let (height, width) = size(a)
      return .image(Resize(height: height, width: width, interpolation: interpolation(a)))
    },
    Entry("resizeShorterSide", [.integer("side", 1...4096, required: true), interpolation(.bilinear)]) { a in
      .image(Resize(shorterSide: a.integer("side"), interpolation: interpolation(a)))
    },
    Entry("centerCrop", [size]) { a in
      let (height, width) = size(a)
      return .image(CenterCrop(height: height, width: width))
    },
    Entry(
      "randomCrop",
      [
        size, .integer("padding", 0...4096, 0),
        .choice("paddingMode", ["constant", "edge", "reflect", "symmetric"], "constant"),
        .integer("fill", value, 0),
      ]
    ) { a in
      let (height, width) = size(a)
      let modes: [String: ImagePadding] = ["edge": .edge, "reflect": .reflect, "symmetric": .symmetric]
      return .image(
        RandomCrop(
          height: height, width: width, padding: a.integer("padding"),
          paddingMode: modes[a.text("paddingMode")] ?? .constant(fill(a))))
    },
    Entry(
      "randomResizedCrop",
      [
        size, .range("scale", .share, 0.08, 1),
        .range("ratio", .positive, 0.75, 4.0 / 3), interpolation(.bilinear),
      ]
    ) { a in
      let (height, width) = size(a)
      return .image(
        RandomResizedCrop(
          height: height, width: width, scale: try range(a, "scale"), ratio: try range(a, "ratio"),
          interpolation: interpolation(a)))
    },
    Entry("randomHorizontalFlip", [p]) { a in .image(RandomHorizontalFlip(p: a.number("p"))) },
    Entry("randomVerticalFlip", [p]) { a in .image(RandomVerticalFlip(p: a.number("p"))) },
    Entry(
      "randomRotation",
      [
        .number("degrees", .from(0, to: 360), required: true, "to either side"), interpolation(.nearest),
        .integer("fill", value, 0),
      ]
    ) { a in
      let degrees = a.number("degrees")
      return .image(
        RandomRotation(degrees: -degrees...degrees, interpolation: interpolation(a), fill: fill(a)))
    },
    Entry(
      "randomAffine",
      [
        .number("degrees", .from(0, to: 360), required: true, "to either side"),
        .range("translate", .share, 0, 0, "shares of width and height"),
        .range("scale", .positive, 1, 1), .number("shear", .from(0, to: 89), 0, "to either side"),
        interpolation(.nearest), .integer("fill", value, 0),
      ]
    ) { a in
      let (degrees, shear) = (a.number("degrees"), a.number("shear"))
      let translate = a.numbers("translate")
      return .image(
        RandomAffine(
          degrees: -degrees...degrees, translate: (x: translate[0], y: translate[1]),
          scale: try range(a, "scale"), shear: -shear...shear, interpolation: interpolation(a),
          fill: fill(a)))
    },
    Entry(
      "colorJitter",
      [
        .number("brightness", .nonNegative, 0), .number("contrast", .nonNegative, 0),
        .number("saturation", .nonNegative, 0), .number("hue", .from(0, to: 0.5), 0),
      ]
    ) { a in
      .image(
        ColorJitter(
          brightness: a.number("brightness"), contrast: a.number("contrast"),
          saturation: a.number("saturation"), hue: a.number("hue")))
    },
    Entry("grayscale", [.integer("channels", 1...3, 1)]) { a in
      guard a.integer("channels") != 2 else { throw a.error("'channels' must be 1 or 3.") }
      return .image(Grayscale(channels: a.integer("channels")))
    },
    Entry("randomGrayscale", [.number("p", .share, 0.1)]) { a in .image(RandomGrayscale(p: a.number("p"))) },
    Entry(
      "randomErasing",
      [
        p, .range("scale", .share, 0.02, 0.33), .range("ratio", .positive, 0.3, 3.3),
        .integer("value", value, 0),
      ]
    ) { a in
      .image(
        RandomErasing(
          p: a.number("p"), scale: try range(a, "scale"), ratio: try range(a, "ratio"),
          value: fill(a, "value")))
    },
    Entry("cutout", [.integer("size", 1...4096, required: true), .integer("value", value, 0)]) { a in
      .image(Cutout(size: a.integer("size"), value: fill(a, "value")))
    },
    Entry(
      "randAugment",
      [
        .integer("numOps", 0...64, 2), .integer("magnitude", 0...1024, 9),
        .integer("numMagnitudeBins", 2...1025, 31), interpolation(.nearest), .integer("fill", value, 0),
      ]
    ) { a in
      guard a.integer("magnitude") < a.integer("numMagnitudeBins") else {
        throw a.error("'magnitude' must be below 'numMagnitudeBins', \(a.integer("numMagnitudeBins")).")
      }
      return .image(
        RandAugment(
          numOps: a.integer("numOps"), magnitude: a.integer("magnitude"),
          numMagnitudeBins: a.integer("numMagnitudeBins"), interpolation: interpolation(a),
          fill: fill(a)))
    },
  ]

  private static let inner = Option("transforms", .components { catalog.table }, required: true)

  private static func inner(_ a: Arguments) throws -> [any ImageTransform] {
    let transforms = try a.components("transforms").map { component in
      guard case .image(let transform) = try catalog.make(component) else {
        throw component.place.error("'\(component.name)' changes batches; it stands in 'transforms' itself.")
      }
      return transform
    }
    guard !transforms.isEmpty else { throw a.error("its list of transforms is empty.") }
    return transforms
  }

  private static let combinations: [Entry] = [
    Entry("randomApply", [inner, p]) { a in
      .image(RandomApply(Compose(try inner(a)), p: a.number("p")))
    },
    Entry("randomChoice", [inner]) { a in .image(RandomChoice(try inner(a))) },
  ]

  private static let share = Option.number("alpha", .positive, 1)

  private static let batches: [Entry] = [
    Entry("mixUp", [share], "changes batches: after all others") { a in
      let alpha = a.number("alpha")
      return .batch { classes in { MixUp(alpha: alpha, numClasses: classes)($0, &$1) } }
    },
    Entry("cutMix", [share], "changes batches: after all others") { a in
      let alpha = a.number("alpha")
      return .batch { classes in { CutMix(alpha: alpha, numClasses: classes)($0, &$1) } }
    },
  ]
}
