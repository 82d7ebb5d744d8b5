/// How many insertions, deletions and replacements of single elements make one sequence of the other
/// (Levenshtein, 1966). Time O(a · b), memory O(b).
public func editDistance<Sequence: Collection>(_ a: Sequence, _ b: Sequence) -> Int
where Sequence.Element: Equatable {
  let b = Array(b)
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let replaced = diagonal + (x == y ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, min(diagonal, row[j]) + 1)
    }
  }
  return row[b.count]
}

/// The edit distances of texts from their references, divided by the references' length; above 1 where
/// there is more to mend than to read.
public struct TextErrorRate: Metric {
  public enum Unit: Sendable {
    /// What stands between white space.
    case word
    /// Unicode scalars, white space included.
    case character
  }

  public let unit: Unit
  public private(set) var edits = 0
  /// Words or characters of the references.
  public private(set) var length = 0

  public init(_ unit: Unit) { self.unit = unit }

  public var name: String {
    unit == .word ? MetricName.wordErrorRate : MetricName.characterErrorRate
  }
  public var value: Double { length == 0 ? .nan : Double(edits) / Double(length) }

  public mutating func update(_ texts: [String], _ references: [String]) throws(MetricError) {
    try checkCounts(texts.count, references.count, name)
    for (text, reference) in zip(texts, references) {
      let parts = (split(text), split(reference))
      edits += editDistance(parts.0, parts.1)
      length += parts.1.count
    }
  }

  public mutating func merge(_ other: TextErrorRate) {
    edits += other.edits
    length += other.length
  }

  private func split(_ text: String) -> [[Unicode.Scalar]] {
    switch unit {
    case .word: words(Array(text.unicodeScalars))
    case .character: text.unicodeScalars.map { [$0] }
    }
  }
}

/// What stands between white space. Scalars, because equality of strings takes composed and decomposed
/// letters for the same, which other tools do not.
func words(_ text: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
  text.split(whereSeparator: isSpace).map(Array.init)
}

/// White space as Python has it: with the separators of ASCII.
func isSpace(_ scalar: Unicode.Scalar) -> Bool {
  scalar.properties.isWhitespace || 0x1C...0x1F ~= scalar.value
}
