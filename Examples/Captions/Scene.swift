import ApusData
import ApusFormats

/// Two coloured shapes, one above or to the left of the other, and the sentence about them.
struct Scene: Hashable {
  enum Shape: String, CaseIterable { case square, circle, triangle, cross }

  enum Color: String, CaseIterable {
    case red, green, blue, yellow, purple, white

    var rgb: [Int] {
      switch self {
      case .red: [220, 40, 40]
      case .green: [40, 180, 60]
      case .blue: [50, 80, 230]
      case .yellow: [230, 220, 50]
      case .purple: [170, 60, 200]
      case .white: [240, 240, 240]
      }
    }
  }

  struct Thing: Hashable {
    var isLarge: Bool
    var color: Color
    var shape: Shape

    var text: String { "a \(isLarge ? "large" : "small") \(color) \(shape)" }
    /// Half the extent in pixels.
    var reach: Int { isLarge ? 6 : 3 }
  }

  /// The upper one, or the left one.
  var first: Thing
  var second: Thing
  var isAbove: Bool

  static let side = 32

  /// `a large red circle above a small blue square`.
  var sentence: String { "\(first.text) \(isAbove ? "above" : "left of") \(second.text)" }

  init(_ random: inout SampleRandom) {
    func thing() -> Thing {
      Thing(
        isLarge: random.chance(0.5), color: Color.allCases[random.integer(below: Color.allCases.count)],
        shape: Shape.allCases[random.integer(below: Shape.allCases.count)])
    }
    (first, second) = (thing(), thing())
    isAbove = random.chance(0.5)
  }

  /// Whether no scene with these two kinds of things, in whatever order and size, is trained on: every fifth pair.
  var isUnseen: Bool {
    func kind(_ thing: Thing) -> Int {
      let color = Color.allCases.firstIndex(of: thing.color) ?? 0
      return color * Shape.allCases.count + (Shape.allCases.firstIndex(of: thing.shape) ?? 0)
    }
    let (low, high) = (min(kind(first), kind(second)), max(kind(first), kind(second)))
    return (low + 7 * high) % 5 == 0
  }

  /// The things at random places of their halves, on a dark, noisy ground.
  func image(_ random: inout SampleRandom) -> Image {
    let side = Scene.side
    var pixels = (0..<side * side * 3).map { _ in 20 + random.integer(below: 30) }
    for (index, thing) in [first, second].enumerated() {
      let along = random.integer(in: 7...8) + (side / 2) * index
      let across = random.integer(in: 9...side - 10)
      let (row, column) = isAbove ? (along, across) : (across, along)
      for y in -thing.reach...thing.reach {
        for x in -thing.reach...thing.reach where Scene.covers(thing.shape, x, y, thing.reach) {
          let place = ((row + y) * side + column + x) * 3
          for channel in 0..<3 { pixels[place + channel] = thing.color.rgb[channel] - random.integer(below: 20) }
        }
      }
    }
    return Image(height: side, width: side, channels: 3, pixels: pixels.map { UInt8(clamping: $0) })
  }

  private static func covers(_ shape: Shape, _ x: Int, _ y: Int, _ reach: Int) -> Bool {
    switch shape {
    case .square: true
    case .circle: x * x + y * y <= reach * reach
    case .triangle: 2 * abs(x) <= y + reach
    case .cross: abs(x) <= reach / 3 || abs(y) <= reach / 3
    }
  }
}

/// A picture and its words.
struct CaptionedPicture {
  var image: Image
  var sentence: String

  /// So many pictures, the same for the same seed. The pairs of kinds that are unseen in training are only in the
  /// others.
  static func make(_ count: Int, seed: UInt64, unseen: Bool) -> [CaptionedPicture] {
    var result: [CaptionedPicture] = []
    var position = 0
    while result.count < count {
      var random = SampleRandom(seed: seed, epoch: unseen ? 1 : 0, position: position)
      position += 1
      let scene = Scene(&random)
      if scene.isUnseen == unseen {
        result.append(CaptionedPicture(image: scene.image(&random), sentence: scene.sentence))
      }
    }
    return result
  }
}
