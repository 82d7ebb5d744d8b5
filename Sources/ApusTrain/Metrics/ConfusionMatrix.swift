/// How often each class was taken for which.
public struct ConfusionMatrix: Hashable, Sendable {
  public let classNames: [String]
  /// `counts[actual][predicted]`.
  public private(set) var counts: [[Int]]

  public init(classNames: [String]) {
    self.classNames = classNames
    counts = classNames.map { _ in [Int](repeating: 0, count: classNames.count) }
  }

  public mutating func add(actual: Int, predicted: Int, count: Int = 1) {
    counts[actual][predicted] += count
  }

  public var total: Int { counts.joined().reduce(0, +) }
  public var correct: Int { counts.indices.reduce(0) { $0 + counts[$1][$1] } }

  /// The share of right answers; 0 where there are none.
  public var accuracy: Double { total == 0 ? 0 : Double(correct) / Double(total) }

  /// Of the images of a class, the share that was found; nil where it has none.
  public func recall(_ index: Int) -> Double? {
    let actual = counts[index].reduce(0, +)
    return actual == 0 ? nil : Double(counts[index][index]) / Double(actual)
  }

  /// Of the images taken for a class, the share that belongs to it; nil where there are none.
  public func precision(_ index: Int) -> Double? {
    let predicted = counts.reduce(0) { $0 + $1[index] }
    return predicted == 0 ? nil : Double(counts[index][index]) / Double(predicted)
  }
}

extension ConfusionMatrix {
  /// A table for the terminal: a row for each actual class, a column for each predicted one.
  public var table: String {
    let names = classNames.map { String($0.prefix(12)) }
    let nameWidth = max(6, names.map(\.count).max() ?? 0)
    let isWide = names.contains { $0.count > 5 }
    // Long names do not fit over the columns; numbers stand for them.
    let heads = isWide ? names.indices.map(String.init) : names
    let largest = counts.joined().max() ?? 0
    let width = max(4, (heads.map(\.count).max() ?? 0) + 1, String(largest).count + 1)
    let prefix = isWide ? String(names.count).count + 1 : 0
    let margin = prefix + nameWidth
    var lines = [
      "actual".padded(margin) + heads.map { $0.leftPadded(width) }.joined() + "  recall"
    ]
    for (actual, row) in counts.enumerated() {
      let number = isWide ? String(actual).padded(prefix) : ""
      let cells = row.map { ($0 == 0 ? "·" : String($0)).leftPadded(width) }.joined()
      let share = recall(actual).map(percent) ?? "–"
      lines.append(number + names[actual].padded(nameWidth) + cells + share.leftPadded(9))
    }
    return lines.joined(separator: "\n")
  }
}

extension String {
  func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
  func leftPadded(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}

/// A number with a fixed count of decimals.
func fixed(_ value: Double, _ decimals: Int) -> String {
  guard value.isFinite else { return "\(value)" }
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  guard abs(value) * scale < 1e15 else { return "\(value)" }
  let rounded = Int64((abs(value) * scale).rounded())
  let sign = value < 0 && rounded != 0 ? "-" : ""
  let digits = String(rounded).leftPaddedWithZeros(decimals + 1)
  if decimals == 0 { return sign + digits }
  return sign + digits.dropLast(decimals) + "." + digits.suffix(decimals)
}

/// A share as a percentage, `97.22 %`.
public func percent(_ share: Double) -> String { fixed(share * 100, 2) + " %" }

extension String {
  fileprivate func leftPaddedWithZeros(_ width: Int) -> String {
    String(repeating: "0", count: max(0, width - count)) + self
  }
}
