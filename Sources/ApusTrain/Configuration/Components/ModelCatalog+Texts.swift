import Apus
import ApusData
import ApusModels

/// A model that tells classes of texts.
enum TextClassifier: Sendable {
  case convolutional(TextCNN)
  case bert(BERTClassifier)

  /// The name of the one whose texts begin with a token of their own.
  static let bertName = "bert"

  /// Logits, `[batch, class]`.
  func logits(_ texts: PaddedBatch) -> Tensor {
    switch self {
    case .convolutional(let model): model(texts.values, lengths: texts.lengths)
    case .bert(let model): model(texts.values, types: nil, mask: texts.mask)
    }
  }
}

extension ModelCatalog {
  private static let width = Option.integer("width", 1...65_536, 128)

  static let textClassifiers = [
    Entry(
      "textCNN",
      [
        .integer("width", 1...65_536, 300),
        Option(
          "kernels", .list(.integer(1...256), count: 1...16), .list([.integer(3), .integer(4), .integer(5)])),
        .integer("filters", 1...65_536, 100), .number("dropout", .share, 0.5),
      ], "for texts: convolutions over words, which are learned with the rest"
    ) { a in
      .texts { scope, shape, classes in
        .convolutional(
          TextCNN(
            scope, vocabulary: shape.vocabulary, classes: classes, width: a.integer("width"),
            kernels: a.integers("kernels"), filters: a.integer("filters"), dropout: a.number("dropout")))
      }
    },
    Entry(
      TextClassifier.bertName,
      [
        .integer("layers", 1...1_024, 2), .integer("heads", 1...1_024, 4), width, .number("dropout", .share, 0.1),
      ], "for texts: BERT's encoder, not pre-trained"
    ) { a in
      .texts { scope, shape, classes in
        try a.checkHeads(a.integer("heads"), width: a.integer("width"))
        let configuration = BERT.Configuration(
          vocabulary: shape.vocabulary, positions: shape.length, types: 1, layers: a.integer("layers"),
          heads: a.integer("heads"), width: a.integer("width"), dropout: a.number("dropout"),
          attentionDropout: a.number("dropout"))
        return .bert(BERTClassifier(scope, configuration, classes: classes))
      }
    },
  ]

  /// The classifier of texts that a configuration names.
  static func textClassifier(
    _ definition: Component, _ scope: Scope, _ shape: TextShape, classes: Int
  ) throws -> TextClassifier {
    guard case .texts(let make) = try catalog.make(definition) else { throw unsuitable(definition, for: .texts) }
    return try make(scope, shape, classes)
  }
}
