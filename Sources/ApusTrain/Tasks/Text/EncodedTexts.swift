import Apus
import ApusData
import ApusFormats

/// What makes numbers of texts and of their classes: learned from those to train on.
struct TextEncoder: Encodable, Sendable {
  /// Words in lower case by number.
  let words: [String]
  let classes: [String]
  /// The most words of a text.
  let length: Int
  /// Whether each text begins with `<bos>`.
  let begins: Bool

  /// How many numbers rows are filled up to multiples of; each length there is compiles a program of its own.
  private static let multiple = 8

  /// The greatest length of a row.
  var positions: Int { TextEncoder.rounded(length) }

  static func rounded(_ length: Int) -> Int { (length + multiple - 1) / multiple * multiple }

  /// - Throws: `FormatError` for a class that the encoder does not know.
  func encoded(_ texts: [[String]], _ labels: [String], _ source: String) throws -> EncodedTexts {
    let vocabulary = Vocabulary(tokens: words)
    let places = Dictionary(uniqueKeysWithValues: zip(classes, classes.indices))
    let begin = begins ? vocabulary.encode([Vocabulary.begin]) : []
    let rows = texts.map { text in
      let numbers = begin + vocabulary.encode(text)
      return (numbers.isEmpty ? vocabulary.encode([Vocabulary.unknown]) : Array(numbers.prefix(length)))
        .map { Int64($0) }
    }
    let numbers = try labels.map { label in
      guard let place = places[label] else {
        throw FormatError(
          .malformed, source,
          "the class '\(label)' is that of no text that is trained on; those are "
            + "\(classes.prefix(20).joined(separator: ", ")).")
      }
      return place
    }
    return EncodedTexts(rows: rows, labels: numbers)
  }
}

/// Texts as numbers of words, with their classes.
struct EncodedTexts: Sendable {
  let rows: [[Int64]]
  let labels: [Int]

  var count: Int { rows.count }
  var longest: Int { rows.map(\.count).max() ?? 1 }

  func batch(_ indices: [Int]) -> TextBatch {
    TextBatch(
      texts: Collate.padded(indices.map { rows[$0] }, value: 0, multiple: TextEncoder.rounded(1)),
      labels: Tensor(indices.map { Int64(labels[$0]) }))
  }
}

/// Texts of several lengths and their classes, `labels` `i64[batch]`.
struct TextBatch: TensorStructure {
  var texts: PaddedBatch
  var labels: Tensor

  var tensors: [Tensor] { texts.tensors + [labels] }

  func replacing(with tensors: inout ArraySlice<Tensor>) -> TextBatch {
    TextBatch(texts: texts.replacing(with: &tensors), labels: tensors.removeFirst())
  }
}
