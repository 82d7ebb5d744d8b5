import ApusData
import ApusFormats
import ApusModels

/// A grey page with words of handwritten digits at random places on a noisy ground.
struct TextPage {
  static let height = 128
  static let width = 192
  /// Pixels between the places of two words, and between words and the edge.
  private static let gap = 8

  let image: Image
  /// The boxes around the ink of each word.
  let words: [TextBox]

  /// The page while it is drawn; ink is a difference of brightness.
  private struct Canvas {
    var values: [Float]

    mutating func add(_ value: Float, row: Int, column: Int) {
      guard (0..<height).contains(row), (0..<width).contains(column) else { return }
      values[row * width + column] += value
    }
  }

  init(_ digits: LabeledImages, _ random: inout SampleRandom) {
    let isDark = random.chance(0.5)
    let contrast = Float(random.uniform(in: 50...110)) * (isDark ? -1 : 1)
    var canvas = Canvas(values: TextPage.ground(around: isDark ? 190 : 65, &random))
    for _ in 0..<random.integer(in: 0...4) { TextPage.scratch(&canvas, contrast, &random) }
    var taken: [TextBox] = []
    var words: [TextBox] = []
    for _ in 0..<random.integer(in: 2...6) {
      let count = random.integer(in: 2...6)
      let side = random.integer(in: 2 * digits.size.height...3 * digits.size.height)
      guard let place = TextPage.place(width: count * side, height: side, beside: taken, &random) else { continue }
      taken.append(place)
      words.append(TextPage.write(digits, in: place, count, &canvas, contrast, &random))
    }
    let noise = random.integer(in: 5...25)
    let pixels = canvas.values.map { UInt8(clamping: Int($0) + random.integer(in: -noise...noise)) }
    image = Image(height: TextPage.height, width: TextPage.width, channels: 1, pixels: pixels)
    self.words = words
  }

  /// Brighter to one side, as paper under a lamp.
  private static func ground(around level: Double, _ random: inout SampleRandom) -> [Float] {
    let middle = level + random.uniform(in: -25...25)
    let (down, along) = (random.uniform(in: -25...25), random.uniform(in: -25...25))
    return (0..<height * width).map { place in
      let row = Double(place / width) / Double(height) - 0.5
      let column = Double(place % width) / Double(width) - 0.5
      return Float(middle + down * row + along * column)
    }
  }

  /// A stroke that is no text.
  private static func scratch(_ canvas: inout Canvas, _ contrast: Float, _ random: inout SampleRandom) {
    let (row, column) = (random.integer(below: height), random.integer(below: width))
    let (down, along) = (random.uniform(in: -1...1), random.uniform(in: -1...1))
    for step in 0..<random.integer(in: 10...60) {
      let (y, x) = (Double(step) * down, Double(step) * along)
      canvas.add(contrast * 0.7, row: row + Int(y.rounded()), column: column + Int(x.rounded()))
    }
  }

  /// Where a word fits, apart from the others; nil where none was found.
  private static func place(
    width: Int, height: Int, beside taken: [TextBox], _ random: inout SampleRandom
  ) -> TextBox? {
    let (right, bottom) = (TextPage.width - gap - width, TextPage.height - gap - height)
    guard right >= gap, bottom >= gap else { return nil }
    for _ in 0..<20 {
      let (x, y) = (random.integer(in: gap...right), random.integer(in: gap...bottom))
      let around = TextBox(x: x - gap..<x + width + gap, y: y - gap..<y + height + gap, score: 1)
      if taken.allSatisfy({ !$0.x.overlaps(around.x) || !$0.y.overlaps(around.y) }) {
        return TextBox(x: x..<x + width, y: y..<y + height, score: 1)
      }
    }
    return nil
  }

  /// Writes so many digits beside each other and gives the box around their ink.
  private static func write(
    _ digits: LabeledImages, in place: TextBox, _ count: Int, _ canvas: inout Canvas, _ contrast: Float,
    _ random: inout SampleRandom
  ) -> TextBox {
    let side = place.y.count
    var (columns, rows): (Range<Int>?, Range<Int>?) = (nil, nil)
    for position in 0..<count {
      let digit = digits[random.integer(below: digits.count)].image.resized(height: side, width: side)
      for y in 0..<side {
        for x in 0..<side {
          let ink = Float(digit.pixels[y * side + x]) / 255
          guard ink > 0 else { continue }
          let (row, column) = (place.y.lowerBound + y, place.x.lowerBound + position * side + x)
          canvas.add(contrast * ink, row: row, column: column)
          // Fainter ink is not seen.
          guard ink > 0.25 else { continue }
          columns = widened(columns, to: column)
          rows = widened(rows, to: row)
        }
      }
    }
    return TextBox(x: columns ?? place.x, y: rows ?? place.y, score: 1)
  }

  private static func widened(_ range: Range<Int>?, to place: Int) -> Range<Int> {
    guard let range else { return place..<place + 1 }
    return min(range.lowerBound, place)..<max(range.upperBound, place + 1)
  }
}

extension TextPage {
  /// Pixels of an element of the detector's answer.
  private static let scale = 4

  /// 1 for elements whose middle is in a word, else 0, `height / 4 · width / 4` of them.
  var map: [Float] {
    let (rows, columns) = (TextPage.height / TextPage.scale, TextPage.width / TextPage.scale)
    return (0..<rows * columns).map { place in
      let y = (place / columns) * TextPage.scale + TextPage.scale / 2
      let x = (place % columns) * TextPage.scale + TextPage.scale / 2
      return words.contains { $0.x.contains(x) && $0.y.contains(y) } ? 1 : 0
    }
  }

  /// The page at twice its size, with the words' boxes in green and others in red.
  func drawing(_ found: [TextBox]) -> Image {
    let (height, width) = (2 * TextPage.height, 2 * TextPage.width)
    var pixels = [UInt8](repeating: 0, count: height * width * 3)
    for place in 0..<height * width {
      let grey = image.pixels[place / width / 2 * TextPage.width + place % width / 2]
      for channel in 0..<3 { pixels[3 * place + channel] = grey }
    }
    func outline(_ box: TextBox, _ color: [UInt8]) {
      let (left, right) = (2 * box.x.lowerBound, 2 * box.x.upperBound - 1)
      let (top, bottom) = (2 * box.y.lowerBound, 2 * box.y.upperBound - 1)
      let lines = (left...right).flatMap { [(top, $0), (bottom, $0)] }
      let sides = (top...bottom).flatMap { [($0, left), ($0, right)] }
      for (row, column) in lines + sides {
        let place = 3 * (row * width + column)
        pixels.replaceSubrange(place..<place + 3, with: color)
      }
    }
    for word in words { outline(word, [30, 160, 60]) }
    for box in found { outline(box, [220, 40, 40]) }
    return Image(height: height, width: width, channels: 3, pixels: pixels)
  }
}
