import Foundation

/// BLEU of a corpus, 0 to 100: the geometric mean of the precisions of 1- to 4-grams, less where the text
/// is shorter than its references (Papineni et al., 2002). The same number as sacrebleu's, with its
/// exponential smoothing (Post, 2018).
public struct BLEU: Metric {
  public static let order = 4

  public let tokenizer: BLEUTokenizer
  public let lowercased: Bool
  /// Of n-grams of each length, those of the texts that are in a reference, and all.
  public private(set) var matches = [Int](repeating: 0, count: BLEU.order)
  public private(set) var totals = [Int](repeating: 0, count: BLEU.order)
  /// Words of the texts, and of the references nearest to them in length.
  public private(set) var length = 0
  public private(set) var referenceLength = 0
  /// How many references the texts have.
  private var referenceCounts: Set<Int> = []

  public init(tokenizer: BLEUTokenizer = .v13a, lowercased: Bool = false) {
    (self.tokenizer, self.lowercased) = (tokenizer, lowercased)
  }

  public var name: String { MetricName.bleu }

  /// What has to be said with a figure, in sacrebleu's form.
  public var signature: String {
    let count = referenceCounts.count == 1 ? referenceCounts.map(String.init)[0] : "var"
    return "nrefs:\(count)|case:\(lowercased ? "lc" : "mixed")|eff:no|tok:\(tokenizer.rawValue)|smooth:exp"
  }

  /// 1, or less where the texts are shorter than their references.
  public var brevityPenalty: Double {
    if length >= referenceLength { return 1 }
    return length == 0 ? 0 : exp(1 - Double(referenceLength) / Double(length))
  }

  /// Of each length of n-grams, in per cent. Where none matches, half of what one match would be, then a
  /// quarter, and so on.
  public var precisions: [Double] {
    var divisor = 1.0
    return zip(matches, totals).map { matches, total in
      if total == 0 { return 0 }
      if matches > 0 { return 100 * Double(matches) / Double(total) }
      divisor *= 2
      return 100 / (divisor * Double(total))
    }
  }

  public var value: Double {
    if referenceCounts.isEmpty { return .nan }
    let precisions = precisions
    if matches.allSatisfy({ $0 == 0 }) || precisions.contains(0) { return 0 }
    let logarithms = precisions.map { log($0) }
    return brevityPenalty * exp(logarithms.reduce(0, +) / Double(BLEU.order))
  }

  /// - Parameter references: for each text one or more.
  public mutating func update(_ texts: [String], _ references: [[String]]) throws(MetricError) {
    try checkCounts(texts.count, references.count, name)
    guard !references.contains(where: \.isEmpty) else {
      throw MetricError(name, "a text has no reference.")
    }
    for (text, references) in zip(texts, references) { add(text, references) }
  }

  public mutating func merge(_ other: BLEU) {
    precondition(
      tokenizer == other.tokenizer && lowercased == other.lowercased, "BLEU of different settings")
    for order in 0..<BLEU.order {
      matches[order] += other.matches[order]
      totals[order] += other.totals[order]
    }
    length += other.length
    referenceLength += other.referenceLength
    referenceCounts.formUnion(other.referenceCounts)
  }

  private mutating func add(_ text: String, _ references: [String]) {
    var vocabulary: [[Unicode.Scalar]: Int] = [:]
    func tokens(_ text: String) -> [Int] {
      tokenizer(lowercased ? text.lowercased() : text).map { word in
        let number = vocabulary[word] ?? vocabulary.count
        vocabulary[word] = number
        return number
      }
    }
    let words = tokens(text)
    let others = references.map(tokens)
    for order in 1...BLEU.order {
      let found = ngrams(words, order)
      var wanted: [ArraySlice<Int>: Int] = [:]
      for other in others { wanted.merge(ngrams(other, order), uniquingKeysWith: max) }
      for (ngram, count) in found { matches[order - 1] += min(count, wanted[ngram] ?? 0) }
      totals[order - 1] += max(0, words.count - order + 1)
    }
    length += words.count
    // Of two that are equally near, the shorter.
    let lengths = others.map(\.count).sorted()
    referenceLength += lengths.min { abs($0 - words.count) < abs($1 - words.count) } ?? 0
    referenceCounts.insert(references.count)
  }
}

/// How often each run of `order` words occurs.
private func ngrams(_ words: [Int], _ order: Int) -> [ArraySlice<Int>: Int] {
  guard words.count >= order else { return [:] }
  var counts: [ArraySlice<Int>: Int] = [:]
  for start in 0...(words.count - order) { counts[words[start..<start + order], default: 0] += 1 }
  return counts
}
