/// An upright box around a text, in pixels; the lower bounds belong to it, the upper ones do not.
public struct TextBox: Hashable, Sendable {
  public var x: Range<Int>
  public var y: Range<Int>
  /// The mean of the scores of its elements, from 0 to 1.
  public var score: Double

  public init(x: Range<Int>, y: Range<Int>, score: Double) {
    self.x = x
    self.y = y
    self.score = score
  }

  /// The pixels that belong to both boxes over those that belong to one of them, from 0 to 1 (intersection over union).
  public func overlap(with other: TextBox) -> Double {
    let (x, y) = (self.x.clamped(to: other.x), self.y.clamped(to: other.y))
    let both = x.count * y.count
    let either = self.x.count * self.y.count + other.x.count * other.y.count - both
    return either > 0 ? Double(both) / Double(either) : 0
  }

  /// The boxes around connected elements of a map of scores, from top to bottom. Elements are
  /// connected with those above, below and beside them.
  ///
  /// - Parameters:
  ///   - scores: `height · width` numbers from 0 to 1, row by row.
  ///   - width: the elements of a row.
  ///   - threshold: elements below it are no text.
  ///   - minimumCount: smaller groups of elements are left out.
  ///   - scale: the pixels of an element, 4 for `TextDetector`.
  public static func boxes(
    scores: [Float], width: Int, threshold: Float = 0.5, minimumCount: Int = 2, scale: Int = 4
  ) -> [TextBox] {
    guard width > 0 else { return [] }
    let height = scores.count / width
    // NaNs are no text.
    var isOpen = scores.map { $0 >= threshold }
    var boxes: [TextBox] = []
    var waiting: [Int] = []
    for start in 0..<(height * width) where isOpen[start] {
      isOpen[start] = false
      waiting.append(start)
      var (columns, rows) = (start % width...start % width, start / width...start / width)
      var (count, total) = (0, 0.0)
      while let place = waiting.popLast() {
        let (column, row) = (place % width, place / width)
        columns = min(columns.lowerBound, column)...max(columns.upperBound, column)
        rows = min(rows.lowerBound, row)...max(rows.upperBound, row)
        count += 1
        total += Double(scores[place])
        let neighbours = [
          (row > 0, place - width), (row + 1 < height, place + width),
          (column > 0, place - 1), (column + 1 < width, place + 1),
        ]
        for (isInside, next) in neighbours where isInside && isOpen[next] {
          isOpen[next] = false
          waiting.append(next)
        }
      }
      guard count >= minimumCount else { continue }
      boxes.append(
        TextBox(
          x: columns.lowerBound * scale..<(columns.upperBound + 1) * scale,
          y: rows.lowerBound * scale..<(rows.upperBound + 1) * scale, score: total / Double(count)))
    }
    return boxes
  }
}
