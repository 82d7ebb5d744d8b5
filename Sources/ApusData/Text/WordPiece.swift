import ApusFormats
import Foundation

/// BERT's tokeniser: words and punctuation, then the longest pieces that the vocabulary has, those within a
/// word marked by `##`. J. Devlin et al., "BERT" (2019); Y. Wu et al. (2016).
public struct WordPiece: Tokenizer {
  public let vocabulary: Vocabulary
  public let lowercases: Bool
  /// Stands for a word that has no pieces.
  public static let unknown = "[UNK]"
  private static let maximumWordLength = 100

  /// Reads BERT's `vocab.txt`, one piece a line.
  public init(path: String, lowercases: Bool = true) throws {
    try self.init(Vocabulary(path: path), lowercases: lowercases, file: path)
  }

  init(_ vocabulary: Vocabulary, lowercases: Bool = true, file: String = "vocabulary") throws {
    guard vocabulary.contains(WordPiece.unknown) else {
      throw FormatError(.malformed, file, "it has no \(WordPiece.unknown), so it is no vocabulary of BERT.")
    }
    self.vocabulary = vocabulary
    self.lowercases = lowercases
  }

  /// The numbers of a text's pieces, without `[CLS]` and `[SEP]`.
  public func encode(_ text: String) -> [Int] { vocabulary.encode(tokens(text)) }

  public func tokens(_ text: String) -> [String] { words(text).flatMap(pieces) }

  private func pieces(_ word: String) -> [String] {
    let scalars = Array(word.unicodeScalars)
    guard scalars.count <= WordPiece.maximumWordLength else { return [WordPiece.unknown] }
    var pieces: [String] = []
    var start = 0
    while start < scalars.count {
      var end = scalars.count
      while end > start {
        let piece = (start > 0 ? "##" : "") + String(String.UnicodeScalarView(scalars[start..<end]))
        if vocabulary.contains(piece) {
          pieces.append(piece)
          break
        }
        end -= 1
      }
      guard end > start else { return [WordPiece.unknown] }
      start = end
    }
    return pieces
  }

  /// Words without accents (where lowercased), and each punctuation mark and Chinese character by itself.
  func words(_ text: String) -> [String] {
    let plain = lowercases ? text.lowercased().decomposedStringWithCanonicalMapping : text
    var words: [String] = []
    var word = String.UnicodeScalarView()
    func finish() {
      if !word.isEmpty { words.append(String(word)) }
      word.removeAll()
    }
    for scalar in plain.unicodeScalars {
      if WordPiece.isSpace(scalar) {
        finish()
      } else if WordPiece.isControl(scalar) || (lowercases && scalar.properties.generalCategory == .nonspacingMark) {
        continue
      } else if WordPiece.isPunctuation(scalar) || WordPiece.isChinese(scalar) {
        finish()
        words.append(String(scalar))
      } else {
        word.append(scalar)
      }
    }
    finish()
    return words
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r"
      || scalar.properties.generalCategory == .spaceSeparator
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value == 0xFFFD { return true }
    switch scalar.properties.generalCategory {
    case .control, .format, .unassigned, .privateUse, .surrogate: return true
    default: return false
    }
  }

  /// All marks of ASCII count, `$` and `^` too, which Unicode has as symbols.
  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x80 { return scalar.value > 0x20 && !scalar.isLetter && !scalar.isNumber }
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      return true
    default: return false
    }
  }

  private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2CEAF, 0xF900...0xFAFF,
      0x2F800...0x2FA1F:
      return true
    default: return false
    }
  }
}
