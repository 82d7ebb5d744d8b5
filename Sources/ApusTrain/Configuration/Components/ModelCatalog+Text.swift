import Apus
import ApusModels

/// What a model of texts takes.
struct TextShape: Sendable {
  /// Tokens that there are.
  var vocabulary: Int
  /// The most tokens of a window, or of a text.
  var length: Int
}

/// A model that says what comes next in a text.
enum LanguageModel: Sendable {
  case gpt(GPT)
  case lstm(LSTMLanguageModel)

  /// Tokens `i64[batch, time]` to logits of the token after each, `[batch, time, vocabulary]`.
  func logits(_ x: Tensor) -> Tensor {
    switch self {
    case .gpt(let model): model(x)
    case .lstm(let model): model(x)
    }
  }

  /// What it writes after a prompt.
  func written(after prompt: [Int], count: Int, seed: UInt64) throws -> [Int] {
    let sampling = Sampling(temperature: 0.8)
    switch self {
    case .gpt(let model): return try TextGenerator(model, sampling: sampling)(prompt, count: count, seed: seed)
    case .lstm(let model): return try TextGenerator(model, sampling: sampling)(prompt, count: count, seed: seed)
    }
  }
}

extension ModelCatalog {
  private static let dropout = Option.number("dropout", .share, 0)

  static let languageModels = [
    Entry(
      "gpt",
      [
        .integer("layers", 1...1_024, 4), .integer("heads", 1...1_024, 4), .integer("width", 1...65_536, 128), dropout,
        .flag("bias", true),
      ], "for a text: attention over the window"
    ) { a in
      .text { scope, shape in
        try a.checkHeads(a.integer("heads"), width: a.integer("width"))
        return .gpt(
          GPT(
            scope,
            .init(
              vocabulary: shape.vocabulary, context: shape.length, layers: a.integer("layers"),
              heads: a.integer("heads"), width: a.integer("width"), dropout: a.number("dropout"),
              bias: a.flag("bias"))))
      }
    },
    Entry(
      "lstm", [.integer("width", 1...65_536, 256), .integer("layers", 1...1_024, 2), dropout],
      "for a text, which it reads from end to end: its state goes from window to window"
    ) { a in
      .text { scope, shape in
        .lstm(
          LSTMLanguageModel(
            scope, vocabulary: shape.vocabulary, width: a.integer("width"), layers: a.integer("layers"),
            dropout: a.number("dropout")))
      }
    },
  ]

  /// The language model that a configuration names.
  static func languageModel(_ definition: Component, _ scope: Scope, _ shape: TextShape) throws -> LanguageModel {
    guard case .text(let make) = try catalog.make(definition) else { throw unsuitable(definition, for: .text) }
    return try make(scope, shape)
  }
}
