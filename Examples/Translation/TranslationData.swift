import Apus
import ApusData
import ApusFormats

/// Sentences of two languages as tokens of one byte-pair encoding.
struct TranslationData {
  /// A sentence and its translation, without start and end.
  struct Pair: Sendable {
    var source: [Int]
    var target: [Int]
    /// Tokens of the longer one, with its end.
    var length: Int { max(source.count, target.count) + 1 }
  }

  /// Text as it stands in the files.
  struct Texts {
    var sources: [String]
    var targets: [String]
  }

  static let pad = 0
  static let begin = 2
  static let end = 3

  let encoding: BytePairEncoding
  let training: [Pair]
  let validation: [Pair]
  let test: Texts

  /// - Parameters:
  ///   - path: a folder with Multi30k's files, `train.en.gz` …, plain or gzip.
  ///   - vocabularySize: tokens of both languages together.
  ///   - limit: where not nil, so many pairs to learn from and to be tested on, to see that it works.
  ///   - maximumLength: longer pairs are not learned from.
  init(path: String, vocabularySize: Int, limit: Int? = nil, maximumLength: Int = 48) throws {
    let training = try TranslationData.read(path, "train", limit: limit)
    let validation = try TranslationData.read(path, "val", limit: limit)
    test = limit == nil ? try TranslationData.read(path, "test_2016_flickr") : training
    let texts = (training.sources + training.targets).map { " " + $0 }
    let encoding = BytePairEncoding(learning: texts, vocabularySize: vocabularySize)
    self.encoding = encoding
    func pairs(_ texts: Texts) -> [Pair] {
      let sources = encoding.encode(texts.sources.map { " " + $0 })
      let targets = encoding.encode(texts.targets.map { " " + $0 })
      return zip(sources, targets).map { Pair(source: $0, target: $1) }
    }
    self.training = pairs(training).filter { $0.length <= maximumLength }
    self.validation = pairs(validation)
  }

  private static func read(
    _ path: String, _ part: String, limit: Int? = nil
  ) throws -> Texts {
    var sides: [[String]] = []
    for language in ["en", "de"] {
      let lines = try TextLines(path: "\(path)/\(part).\(language).gz").collected().samples
      sides.append(Array(lines.prefix(limit ?? lines.count)))
    }
    guard sides[0].count == sides[1].count else {
      throw FormatError(
        .malformed, "\(path)/\(part).de.gz",
        "it has \(sides[1].count) lines, but the English file has \(sides[0].count).")
    }
    return Texts(sources: sides[0], targets: sides[1])
  }

  /// The tokens of a sentence to translate.
  func encode(_ text: String) -> [Int] { encoding.encode(" " + text) + [TranslationData.end] }

  /// The text of tokens.
  func decode(_ tokens: [Int]) -> String {
    let text = encoding.decode(tokens)
    return text.hasPrefix(" ") ? String(text.dropFirst()) : text
  }

  /// Batches of pairs of similar length.
  static func loader(_ pairs: [Pair], batchSize: Int, seed: UInt64) -> Loader<TranslationBatch> {
    Loader(
      ArrayDataset(pairs), batchSize: batchSize,
      sampler: .bucketed(lengths: pairs.map(\.length), window: 100), seed: seed,
      dropsLast: pairs.count > batchSize
    ) { TranslationBatch($0) }
  }
}

/// Pairs of sentences, all of one length. Each length there is compiles a program of its own.
struct TranslationBatch: TensorStructure {
  /// `i64[batch, time]`, each row with its end.
  var source: Tensor
  /// `i64[batch]`
  var lengths: Tensor
  /// `i64[batch, time]`: the start, then the translation.
  var target: Tensor
  /// `i64[batch, time]`: the translation, then its end.
  var labels: Tensor

  init(_ pairs: [TranslationData.Pair]) {
    let sources = pairs.map { $0.source + [TranslationData.end] }
    let targets = pairs.map { [TranslationData.begin] + $0.target }
    let labels = pairs.map { $0.target + [TranslationData.end] }
    let rows = (sources + targets + labels).map { $0.map(Int64.init) }
    let all = Collate.padded(rows, value: Int64(TranslationData.pad), multiple: 4)
    let parts = all.values.chunked(3)
    (source, target, self.labels) = (parts[0], parts[1], parts[2])
    lengths = Tensor(sources.map { Int64($0.count) })
  }

  var tensors: [Tensor] { [source, lengths, target, labels] }
  func replacing(with tensors: inout ArraySlice<Tensor>) -> TranslationBatch {
    var result = self
    result.source = tensors.removeFirst()
    result.lengths = tensors.removeFirst()
    result.target = tensors.removeFirst()
    result.labels = tensors.removeFirst()
    return result
  }
}
