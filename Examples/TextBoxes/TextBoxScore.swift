import ApusModels

/// How well boxes that were found agree with the true ones.
struct TextBoxScore {
  private(set) var found = 0
  private(set) var expected = 0
  private(set) var hits = 0

  /// Takes the boxes of a page in. A word is found where a box has an intersection over union of one half at least
  /// with it; words are apart, so that a box finds one only.
  mutating func add(found boxes: [TextBox], expected words: [TextBox]) {
    found += boxes.count
    expected += words.count
    var missing = words
    for box in boxes {
      guard let hit = missing.firstIndex(where: { $0.overlap(with: box) >= 0.5 }) else { continue }
      missing.remove(at: hit)
      hits += 1
    }
  }

  /// The share of what was found that is a word.
  var precision: Double { Double(hits) / Double(max(found, 1)) }
  /// The share of the words that was found.
  var recall: Double { Double(hits) / Double(max(expected, 1)) }
  /// The harmonic mean of both.
  var f1: Double { 2 * Double(hits) / Double(max(found + expected, 1)) }
}
