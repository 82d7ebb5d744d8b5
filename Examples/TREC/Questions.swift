import Apus
import ApusData
import ApusFormats

/// Questions with the kind of thing they ask for, as TREC has them: `HUM:ind Who was Galileo ?` on a line.
struct Questions {
  let words: [[String]]
  let kinds: [String]

  /// - Throws: `FormatError` for a file that cannot be read, or a line without label and words.
  init(path: String) throws {
    let lines = try TextLines(path: path, invalid: .latin1).collected().samples
    var (words, kinds): ([[String]], [String]) = ([], [])
    for (index, line) in lines.enumerated() {
      let parts = WhitespaceTokenizer().tokens(line.lowercased())
      guard parts.count > 1, let kind = parts[0].split(separator: ":").first else {
        throw FormatError(
          .malformed, path, "line \(index + 1) is not 'KIND:detail word word …'; correct or remove it.")
      }
      words.append(Array(parts.dropFirst()))
      kinds.append(String(kind))
    }
    (self.words, self.kinds) = (words, kinds)
  }

  /// The questions as numbers; other kinds than the known ones have none.
  func encoded(_ vocabulary: Vocabulary, _ classes: [String]) -> ArrayDataset<Question> {
    ArrayDataset(zip(words, kinds).map { words, kind in
      Question(tokens: vocabulary.encode(words).map { Int64($0) }, label: classes.firstIndex(of: kind) ?? -100)
    })
  }
}

struct Question: Sendable {
  var tokens: [Int64]
  var label: Int
}

/// Questions of several lengths and their classes.
struct QuestionBatch: TensorStructure {
  var questions: PaddedBatch
  /// `i64[batch]`
  var labels: Tensor

  init(_ questions: [Question]) {
    // Few lengths, since each compiles a program of its own.
    self.questions = Collate.padded(questions.map(\.tokens), value: 0, multiple: 8)
    labels = Tensor(questions.map { Int64($0.label) })
  }

  private init(questions: PaddedBatch, labels: Tensor) { (self.questions, self.labels) = (questions, labels) }

  var tensors: [Tensor] { questions.tensors + [labels] }
  func replacing(with tensors: inout ArraySlice<Tensor>) -> QuestionBatch {
    QuestionBatch(questions: questions.replacing(with: &tensors), labels: tensors.removeFirst())
  }
}
