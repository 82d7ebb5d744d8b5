/// Byte-level byte-pair encoding, as GPT-2 has it: every text has an encoding, and decoding gives it back.
///
/// A text is cut into words (with the blank before them), a word into bytes, and the pair of neighbours that
/// was learned first is joined until none is left. R. Sennrich et al., "Neural Machine Translation of Rare
/// Words with Subword Units" (2016); A. Radford et al., "Language Models are Unsupervised Multitask
/// Learners" (2019).
public struct BytePairEncoding: Tokenizer, Sendable {
  /// Tokens outside the text, such as `<pad>`; ``encode(_:)`` never makes one of what a text says.
  public let specials: [String]
  /// The pairs in the order in which they were learned, each as the numbers of its two parts.
  let merges: [(left: Int, right: Int)]
  /// The bytes of every token by number; those of a special one are its name.
  let bytes: [[UInt8]]
  private let byteNumbers: [Int]
  private let joined: [UInt64: Joining]
  private let specialNumbers: [String: Int]

  private struct Joining: Sendable {
    var rank: Int
    var number: Int
  }

  /// - Parameters:
  ///   - bytes: Of every token, by number; each single byte must be one, and the joined pair of every merge.
  ///   - merges: Pairs of numbers of tokens.
  init?(bytes: [[UInt8]], merges: [(left: Int, right: Int)], specials: [String: Int]) {
    let special = Set(specials.values)
    var numbers: [[UInt8]: Int] = [:]
    for (number, token) in bytes.enumerated() where !special.contains(number) { numbers[token] = number }
    var byteNumbers: [Int] = []
    for byte in UInt8.min...UInt8.max {
      guard let number = numbers[[byte]] else { return nil }
      byteNumbers.append(number)
    }
    var joined: [UInt64: Joining] = [:]
    joined.reserveCapacity(merges.count)
    for (rank, merge) in merges.enumerated() {
      guard let number = numbers[bytes[merge.left] + bytes[merge.right]] else { return nil }
      let key = BytePairEncoding.key(merge.left, merge.right)
      if joined[key] == nil { joined[key] = Joining(rank: rank, number: number) }
    }
    self.bytes = bytes
    self.merges = merges
    self.byteNumbers = byteNumbers
    self.joined = joined
    specialNumbers = specials
    self.specials = specials.sorted { $0.value < $1.value }.map(\.key)
  }

  /// Tokens in all.
  public var count: Int { bytes.count }

  /// The number of a special token, nil for one that there is not.
  public func number(ofSpecial name: String) -> Int? { specialNumbers[name] }

  static func key(_ left: Int, _ right: Int) -> UInt64 { UInt64(left) << 32 | UInt64(right) }

  // MARK: Encoding

  /// The numbers of a text's tokens.
  public func encode(_ text: String) -> [Int] {
    var known: [Substring: [Int]] = [:]
    return encode(text, &known)
  }

  /// The same for many texts, faster, because words that come again are remembered.
  public func encode(_ texts: some Sequence<String>) -> [[Int]] {
    var known: [Substring: [Int]] = [:]
    return texts.map { text in
      // What is remembered stays bounded.
      if known.count > 1 << 17 { known.removeAll() }
      return encode(text, &known)
    }
  }

  private func encode(_ text: String, _ known: inout [Substring: [Int]]) -> [Int] {
    var result: [Int] = []
    for word in BytePairEncoding.words(text) {
      if let numbers = known[word] {
        result += numbers
      } else {
        let numbers = encodeWord(Array(word.utf8))
        known[word] = numbers
        result += numbers
      }
    }
    return result
  }

  private struct Candidate: Comparable {
    var rank: Int
    var left: Int
    var key: UInt64

    static func < (a: Candidate, b: Candidate) -> Bool { (a.rank, a.left) < (b.rank, b.left) }
  }

  /// Joins the pair of lowest rank, leftmost first, in `n log n` for a word of any length.
  private func encodeWord(_ word: [UInt8]) -> [Int] {
    var numbers = word.map { byteNumbers[Int($0)] }
    guard numbers.count > 1 else { return numbers }
    // Parts form a list: a part that was joined to the left has no number.
    var next = Array(1...numbers.count)
    var previous = Array(-1..<numbers.count - 1)
    var queue = PriorityQueue<Candidate>()
    func propose(_ left: Int) {
      guard left >= 0, next[left] < numbers.count else { return }
      let key = BytePairEncoding.key(numbers[left], numbers[next[left]])
      if let joining = joined[key] { queue.insert(Candidate(rank: joining.rank, left: left, key: key)) }
    }
    for left in 0..<numbers.count - 1 { propose(left) }
    while let candidate = queue.popFirst() {
      let left = candidate.left
      let right = next[left]
      guard numbers[left] >= 0, right < numbers.count,
        BytePairEncoding.key(numbers[left], numbers[right]) == candidate.key,
        let joining = joined[candidate.key]
      else { continue }
      numbers[left] = joining.number
      numbers[right] = -1
      next[left] = next[right]
      if next[left] < numbers.count { previous[next[left]] = left }
      propose(previous[left])
      propose(left)
    }
    return numbers.filter { $0 >= 0 }
  }

  // MARK: Decoding

  /// The text of tokens; special ones and numbers beyond the vocabulary are left out.
  public func decode(_ numbers: some Sequence<Int>) -> String {
    let hidden = Set(specialNumbers.values)
    let parts = numbers.lazy.filter { bytes.indices.contains($0) && !hidden.contains($0) }
    return String(decoding: parts.flatMap { bytes[$0] }, as: UTF8.self)
  }

  /// The tokens in GPT-2's spelling, in which every byte is a visible character: `Ġ` is a blank.
  public func tokens(_ text: String) -> [String] { encode(text).map(spelling) }

  /// GPT-2's spelling of a token.
  public func spelling(_ number: Int) -> String {
    if specialNumbers.values.contains(number) { return String(decoding: bytes[number], as: UTF8.self) }
    return ByteSpelling.text(bytes[number])
  }
}
