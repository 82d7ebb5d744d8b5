extension BytePairEncoding {
  /// Learns an encoding from a corpus: the most frequent pair of neighbours becomes a token, again and again.
  ///
  /// The same texts give the same encoding. Of pairs of equal frequency the one with the lower numbers wins.
  /// - Parameters:
  ///   - vocabularySize: Tokens in all: the special ones first, then the 256 bytes, then those learned;
  ///     fewer where the corpus has no more pairs.
  ///   - minFrequency: Pairs that are less frequent are not joined.
  public init(
    learning texts: some Sequence<String>, vocabularySize: Int, minFrequency: Int = 2,
    specials: [String] = Vocabulary.specials
  ) {
    var counts: [Substring: Int] = [:]
    for text in texts {
      for word in BytePairEncoding.words(text) { counts[word, default: 0] += 1 }
    }
    let base = specials.count
    var bytes = specials.map { Array($0.utf8) } + ByteSpelling.order.map { [$0] }
    let numbers = Dictionary(uniqueKeysWithValues: zip(ByteSpelling.order, base...))
    let words = counts.sorted { $0.key < $1.key }.map { word, count in
      PairCounter.Word(parts: word.utf8.map { numbers[$0] ?? 0 }, count: count)
    }
    var counter = PairCounter(words)
    var merges: [(left: Int, right: Int)] = []
    while bytes.count < vocabularySize, let pair = counter.mostFrequent(atLeast: minFrequency) {
      counter.join(pair, into: bytes.count)
      bytes.append(bytes[pair.left] + bytes[pair.right])
      merges.append((pair.left, pair.right))
    }
    let names = Dictionary(zip(specials, specials.indices)) { first, _ in first }
    guard let encoding = BytePairEncoding(bytes: bytes, merges: merges, specials: names) else {
      preconditionFailure("all bytes and all merges are tokens")
    }
    self = encoding
  }
}

/// Counts the pairs of neighbours in a set of words, and keeps the counts while pairs are joined.
private struct PairCounter {
  struct Word {
    var parts: [Int]
    var count: Int
  }

  struct Pair: Hashable {
    var left: Int
    var right: Int
  }

  /// A count that was right when it was made.
  private struct Entry: Comparable {
    var count: Int
    var pair: Pair

    static func < (a: Entry, b: Entry) -> Bool {
      (-a.count, a.pair.left, a.pair.right) < (-b.count, b.pair.left, b.pair.right)
    }
  }

  private var words: [Word]
  private var counts: [Pair: Int] = [:]
  /// The words in which a pair was at some time.
  private var places: [Pair: Set<Int>] = [:]
  private var queue = PriorityQueue<Entry>()

  init(_ words: [Word]) {
    self.words = words
    for (index, word) in words.enumerated() {
      for pair in PairCounter.pairs(word.parts) {
        counts[pair, default: 0] += word.count
        places[pair, default: []].insert(index)
      }
    }
    for (pair, count) in counts { queue.insert(Entry(count: count, pair: pair)) }
  }

  private static func pairs(_ parts: [Int]) -> [Pair] {
    zip(parts, parts.dropFirst()).map { Pair(left: $0, right: $1) }
  }

  mutating func mostFrequent(atLeast minimum: Int) -> Pair? {
    while let entry = queue.popFirst() {
      let count = counts[entry.pair] ?? 0
      if count == entry.count { return count >= minimum ? entry.pair : nil }
      if count > 0 { queue.insert(Entry(count: count, pair: entry.pair)) }
    }
    return nil
  }

  mutating func join(_ pair: Pair, into number: Int) {
    var grown: Set<Pair> = []
    for index in places.removeValue(forKey: pair) ?? [] {
      let word = words[index]
      var parts: [Int] = []
      parts.reserveCapacity(word.parts.count)
      var position = 0
      while position < word.parts.count {
        let isPair =
          position + 1 < word.parts.count && word.parts[position] == pair.left
          && word.parts[position + 1] == pair.right
        parts.append(isPair ? number : word.parts[position])
        position += isPair ? 2 : 1
      }
      guard parts.count < word.parts.count else { continue }
      for old in PairCounter.pairs(word.parts) { counts[old, default: 0] -= word.count }
      for new in PairCounter.pairs(parts) {
        counts[new, default: 0] += word.count
        if new.left == number || new.right == number {
          places[new, default: []].insert(index)
          grown.insert(new)
        }
      }
      words[index].parts = parts
    }
    counts[pair] = nil
    for new in grown { queue.insert(Entry(count: counts[new] ?? 0, pair: new)) }
  }
}
