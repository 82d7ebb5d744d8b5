import ApusData
import ApusFormats

/// A text as numbers of its tokens, the end of which is held out.
struct EncodedText: Sendable {
  let tokens: TextTokens
  /// Tokens of a window.
  let length: Int
  let training: [Int]
  let heldOut: [Int]

  init(_ configuration: TrainingConfiguration) throws {
    let options = try DataCatalog.catalog.arguments(configuration.source)
    length = options.integer("length")
    let text = try TextLines(path: configuration.data).collected().samples.map { $0 + "\n" }.joined()
    let count = text.count
    let heldOutCount = Int((Double(count) * (configuration.heldOut ?? 0.1)).rounded(.up))
    let (first, last) = (String(text.prefix(count - heldOutCount)), String(text.suffix(heldOutCount)))
    if options.text("tokens") == "bytePair" {
      // Not even the encoding knows what is held out.
      tokens = .bytePair(
        BytePairEncoding(learning: [first], vocabularySize: options.integer("vocabulary"), specials: []))
    } else {
      tokens = .characters(Vocabulary(tokens: Set(CharacterTokenizer().tokens(text)).sorted()))
    }
    (training, heldOut) = (tokens.encode(first), tokens.encode(last))
    guard training.count > length, heldOut.count > length else {
      throw options.error(
        "\(configuration.data) has \(training.count) tokens to train on and \(heldOut.count) held out; each part needs "
          + "more than a window's 'length', \(length).")
    }
  }
}

/// What a text is cut into.
enum TextTokens: Sendable {
  case characters(Vocabulary)
  case bytePair(BytePairEncoding)

  var count: Int {
    switch self {
    case .characters(let vocabulary): vocabulary.count
    case .bytePair(let encoding): encoding.count
    }
  }

  /// Characters that are not known are left out.
  func encode(_ text: String) -> [Int] {
    switch self {
    case .characters(let vocabulary): vocabulary.encode(CharacterTokenizer().tokens(text))
    case .bytePair(let encoding): encoding.encode(text)
    }
  }

  func decode(_ numbers: [Int]) -> String {
    switch self {
    case .characters(let vocabulary): vocabulary.decode(numbers).joined()
    case .bytePair(let encoding): encoding.decode(numbers)
    }
  }

  /// What `model.json` says of it.
  struct Saved: Encodable {
    /// `characters` or `bytePair`.
    var tokens: String
    /// The characters in order of their numbers.
    var characters: [String]?
    /// The file that `BytePairEncoding` reads.
    var file: String?
  }

  func saved(to folder: RunFolder) throws -> Saved {
    switch self {
    case .characters(let vocabulary): return Saved(tokens: "characters", characters: vocabulary.tokens)
    case .bytePair(let encoding):
      try encoding.write(to: folder.tokenizer)
      return Saved(tokens: "bytePair", file: RunFolder.tokenizerFile)
    }
  }
}

extension RunFolder {
  static let tokenizerFile = "tokenizer.json"
  var tokenizer: String { "\(path)/\(RunFolder.tokenizerFile)" }
}
