import ApusFormats
import Foundation

/// Numbers for tokens: the special ones first, then by falling frequency, equal ones in order of Unicode.
public struct Vocabulary: Sendable {
  /// Fills up short sequences.
  public static let pad = "<pad>"
  /// Stands for every token that is not in the vocabulary.
  public static let unknown = "<unk>"
  /// Begins a sequence.
  public static let begin = "<bos>"
  /// Ends a sequence.
  public static let end = "<eos>"

  public static let specials = [pad, unknown, begin, end]

  /// The tokens by number.
  public let tokens: [String]
  private let numbers: [String: Int]
  private let unknownNumber: Int?

  /// A vocabulary of these tokens in this order; of equal ones the first counts.
  public init(tokens: [String]) {
    self.tokens = tokens
    numbers = Dictionary(zip(tokens, tokens.indices)) { first, _ in first }
    unknownNumber = numbers[Vocabulary.unknown]
  }

  /// The tokens of a corpus that occur at least `minFrequency` times; with `maximumSize` only the most
  /// frequent, the special ones counted.
  public init(
    counting texts: some Sequence<[String]>, minFrequency: Int = 1, maximumSize: Int? = nil,
    specials: [String] = Vocabulary.specials
  ) {
    var counts: [String: Int] = [:]
    for text in texts {
      for token in text { counts[token, default: 0] += 1 }
    }
    for special in specials { counts[special] = nil }
    let ordered = counts.filter { $0.value >= minFrequency }
      .sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
    let room = maximumSize.map { max($0 - specials.count, 0) } ?? ordered.count
    self.init(tokens: specials + ordered.prefix(room).map(\.key))
  }

  public var count: Int { tokens.count }

  /// The number of a token; that of `<unk>` for one that is not known, nil without `<unk>`.
  public subscript(token: String) -> Int? { numbers[token] ?? unknownNumber }

  public func contains(_ token: String) -> Bool { numbers[token] != nil }

  /// The numbers of tokens; unknown ones are left out where the vocabulary has no `<unk>`.
  public func encode(_ tokens: [String]) -> [Int] { tokens.compactMap { self[$0] } }

  /// The tokens of numbers, `<unk>` for numbers beyond the vocabulary.
  public func decode(_ numbers: some Sequence<Int>) -> [String] {
    numbers.map { tokens.indices.contains($0) ? tokens[$0] : Vocabulary.unknown }
  }

  /// Writes the tokens, one a line as they are, in order of their numbers.
  public func write(to path: String) throws {
    guard !tokens.contains(where: { $0.contains { $0.isNewline } }) else {
      throw FormatError(.unsupported, path, "a token with a line break cannot stand on a line of its own.")
    }
    try AtomicFile.write(tokens.map { $0 + "\n" }.joined(), to: path)
  }

  /// Reads a file with one token a line.
  public init(path: String) throws {
    self.init(tokens: try TextLines(path: path).collected().samples)
  }
}
