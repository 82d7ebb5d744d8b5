import ApusData
import ApusFormats

/// A text as numbers of its characters; the last tenth is for validation.
struct CharacterText {
  let vocabulary: Vocabulary
  let training: [Int]
  let heldOut: [Int]

  /// - Throws: `FormatError` for a file that cannot be read, or that is too short to learn from.
  init(path: String) throws {
    let lines = try TextLines(path: path).collected().samples
    let characters = CharacterTokenizer().tokens(lines.map { $0 + "\n" }.joined())
    guard characters.count >= 10_000 else {
      throw FormatError(
        .malformed, path, "it has \(characters.count) characters; give a text of 10,000 at least.")
    }
    vocabulary = Vocabulary(tokens: Set(characters).sorted())
    let numbers = vocabulary.encode(characters)
    training = Array(numbers.prefix(numbers.count * 9 / 10))
    heldOut = Array(numbers.dropFirst(training.count))
  }

  /// What is written in these numbers.
  func text(_ numbers: [Int]) -> String { vocabulary.decode(numbers).joined() }

  /// The numbers of a text; other characters are left out.
  func numbers(_ text: String) -> [Int] { vocabulary.encode(CharacterTokenizer().tokens(text)) }
}
