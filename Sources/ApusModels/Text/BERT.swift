import Apus

/// The encoder of BERT (Devlin et al., 2019) with Hugging Face's names.
///
/// Input: tokens, integers `[batch, time]`; traps where there are more than it has positions. Output: hidden
/// states, `[batch, time, width]`.
///
/// Parameters: `embeddings.word_embeddings.weight`, `.position_embeddings.weight`,
/// `.token_type_embeddings.weight` and `.LayerNorm`; `encoder.layer.0.attention.self.query`, `.key`, `.value`,
/// `.attention.output.dense` and `.LayerNorm`, `.intermediate.dense`, `.output.dense` and `.LayerNorm` …; and
/// `pooler.dense`. Weights are normal with deviation 0.02 at first, biases zero.
public struct BERT: Layer {
  public struct Configuration: Hashable, Sendable {
    public var vocabulary: Int
    /// The most tokens of a text.
    public var positions: Int
    /// Kinds of segments.
    public var types: Int
    public var layers: Int
    public var heads: Int
    /// The features of a token.
    public var width: Int
    /// Features between the two dense layers of a block.
    public var feedForward: Int
    /// The probability in training: of embeddings and before each residual sum.
    public var dropout: Double
    /// The probability in training, of weights of attention.
    public var attentionDropout: Double
    public var activation: TextActivation
    /// Added to the variance of the normalisations.
    public var epsilon: Double

    public init(
      vocabulary: Int, positions: Int = 512, types: Int = 2, layers: Int, heads: Int, width: Int,
      feedForward: Int? = nil, dropout: Double = 0.1, attentionDropout: Double = 0.1,
      activation: TextActivation = .gelu, epsilon: Double = 1e-12
    ) {
      self.vocabulary = vocabulary
      self.positions = positions
      self.types = types
      self.layers = layers
      self.heads = heads
      self.width = width
      self.feedForward = feedForward ?? 4 * width
      self.dropout = dropout
      self.attentionDropout = attentionDropout
      self.activation = activation
      self.epsilon = epsilon
    }

    /// BERT-base, uncased: 110 million parameters.
    public static let base = Configuration(vocabulary: 30_522, layers: 12, heads: 12, width: 768)
  }

  public let configuration: Configuration
  fileprivate let words: Embedding
  private let positions: LearnedPositions
  private let types: Embedding
  private let norm: LayerNorm
  private let layers: [BERTLayer]
  private let pooler: Linear?

  /// - Parameter pooler: whether it has the dense layer of `pooled`.
  public init(_ scope: Scope, _ configuration: Configuration, pooler: Bool = true) {
    self.configuration = configuration
    let width = configuration.width
    let embeddings = scope / "embeddings"
    func start(_ name: String) -> Scope { (embeddings / name).with(weightInitializer: .normal(std: 0.02)) }
    words = Embedding(start("word_embeddings"), configuration.vocabulary, width)
    positions = LearnedPositions(start("position_embeddings"), configuration.positions, width)
    types = Embedding(start("token_type_embeddings"), configuration.types, width)
    norm = LayerNorm(embeddings / "LayerNorm", width, epsilon: configuration.epsilon)
    layers = (0..<configuration.layers).map { BERTLayer(scope / "encoder" / "layer" / $0, configuration) }
    self.pooler = pooler ? dense(scope / "pooler" / "dense", width, width) : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, types: nil) }

  /// - Parameters:
  ///   - types: the segment of each token, integers `[batch, time]`; all 0 where nil.
  ///   - mask: `bool` `[batch, time]`, true where a token is not padding (Hugging Face's `attention_mask`).
  public func callAsFunction(_ x: Tensor, types kinds: Tensor?, mask: Tensor? = nil) -> Tensor {
    guard
      check(
        x.rank == 2 && (kinds ?? x).shape == x.shape && (mask ?? x).shape == x.shape, .shape, "BERT",
        "tokens \(x.shape), types \((kinds ?? x).shape) and mask \((mask ?? x).shape) do not fit together",
        hint: "all are [batch, time].")
    else { return words(x) }
    let segments = kinds.map { types($0) } ?? types.weight.value[0]
    let embedded = dropout(norm(positions(words(x)) + segments), configuration.dropout)
    let isSeen = mask?.expanded(at: 1).expanded(at: 1)
    return layers.reduce(embedded) { $1($0, isSeen) }
  }

  /// The features of each whole text, `[batch, width]`: those of its first token after a dense layer.
  public func pooled(_ hidden: Tensor) -> Tensor {
    let first = hidden[0..., 0]
    guard
      check(pooler != nil, .argument, "BERT", "it was made without a pooler", hint: "make it with pooler: true."),
      let pooler
    else { return first }
    return tanh(pooler(first))
  }
}

/// Attention and two dense layers, each with a normalisation after the shortcut.
private struct BERTLayer: Sendable {
  let heads: Int
  let query: Linear
  let key: Linear
  let value: Linear
  let attentionOutput: Linear
  let attentionNorm: LayerNorm
  let intermediate: Linear
  let output: Linear
  let outputNorm: LayerNorm
  let sizes: BERT.Configuration

  init(_ scope: Scope, _ sizes: BERT.Configuration) {
    let width = sizes.width
    check(
      sizes.heads > 0 && width % max(sizes.heads, 1) == 0, .argument, "BERT",
      "\(width) features cannot be split into \(sizes.heads) heads")
    self.sizes = sizes
    heads = sizes.heads
    let attention = scope / "attention"
    query = dense(attention / "self" / "query", width, width)
    key = dense(attention / "self" / "key", width, width)
    value = dense(attention / "self" / "value", width, width)
    attentionOutput = dense(attention / "output" / "dense", width, width)
    attentionNorm = LayerNorm(attention / "output" / "LayerNorm", width, epsilon: sizes.epsilon)
    intermediate = dense(scope / "intermediate" / "dense", width, sizes.feedForward)
    output = dense(scope / "output" / "dense", sizes.feedForward, width)
    outputNorm = LayerNorm(scope / "output" / "LayerNorm", width, epsilon: sizes.epsilon)
  }

  func callAsFunction(_ x: Tensor, _ mask: Tensor?) -> Tensor {
    let parts = [query, key, value].map { splitHeads($0(x), heads) }
    let mixed = scaledDotProductAttention(
      parts[0], parts[1], parts[2], mask: mask, dropout: sizes.attentionDropout)
    let h = attentionNorm(x + dropout(attentionOutput(mergeHeads(mixed)), sizes.dropout))
    return outputNorm(h + dropout(output(sizes.activation(intermediate(h))), sizes.dropout))
  }
}

private func dense(_ scope: Scope, _ input: Int, _ output: Int) -> Linear {
  Linear(scope.with(weightInitializer: .normal(std: 0.02), biasInitializer: .zeros), input, output)
}

// MARK: - Heads

/// BERT that fills in words (`BertForMaskedLM`): logits of the word at each place,
/// `[batch, time, vocabulary]`.
///
/// Parameters: those of `BERT` under `bert`, without a pooler; `cls.predictions.bias` `[vocabulary]`,
/// `cls.predictions.transform.dense` and `.LayerNorm`. The output's weight is that of the words.
public struct BERTMaskedLanguageModel: Layer {
  public let bert: BERT
  private let transform: Linear
  private let norm: LayerNorm
  private let bias: Parameter

  public init(_ scope: Scope, _ configuration: BERT.Configuration) {
    bert = BERT(scope / "bert", configuration, pooler: false)
    let predictions = scope / "cls" / "predictions"
    bias = predictions.parameter("bias", [configuration.vocabulary], .zeros)
    transform = dense(predictions / "transform" / "dense", configuration.width, configuration.width)
    norm = LayerNorm(
      predictions / "transform" / "LayerNorm", configuration.width, epsilon: configuration.epsilon)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, types: nil) }

  /// `types` and `mask` are `BERT`'s.
  public func callAsFunction(_ x: Tensor, types: Tensor?, mask: Tensor? = nil) -> Tensor {
    let hidden = bert(x, types: types, mask: mask)
    let features = norm(bert.configuration.activation(transform(hidden)))
    return matmul(features, bert.words.weight.value.transposed()) + bias.value
  }
}

/// BERT that tells classes of texts (`BertForSequenceClassification`): logits, `[batch, class]`.
///
/// Parameters: those of `BERT` under `bert`, and `classifier`.
public struct BERTClassifier: Layer {
  public let bert: BERT
  private let classifier: Linear

  public init(_ scope: Scope, _ configuration: BERT.Configuration, classes: Int) {
    bert = BERT(scope / "bert", configuration)
    classifier = dense(scope / "classifier", configuration.width, classes)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, types: nil) }

  /// `types` and `mask` are `BERT`'s.
  public func callAsFunction(_ x: Tensor, types: Tensor?, mask: Tensor? = nil) -> Tensor {
    let features = bert.pooled(bert(x, types: types, mask: mask))
    return classifier(dropout(features, bert.configuration.dropout))
  }
}

// MARK: - What is published

extension BERT.Configuration: Decodable {
  /// Reads Hugging Face's `config.json` of a BERT.
  ///
  /// - Throws: `ModelConfigurationError` for a size that is missing or out of range.
  public init(from decoder: any Decoder) throws {
    let fields = try PublishedConfiguration(decoder, of: "BERT")
    vocabulary = try fields.size("vocab_size")
    positions = try fields.size("max_position_embeddings", default: 512)
    types = try fields.size("type_vocab_size", default: 2)
    layers = try fields.size("num_hidden_layers", upTo: 1_000)
    heads = try fields.size("num_attention_heads", upTo: 10_000)
    width = try fields.size("hidden_size")
    feedForward = try fields.size("intermediate_size")
    dropout = try fields.number("hidden_dropout_prob", default: 0.1)
    attentionDropout = try fields.number("attention_probs_dropout_prob", default: 0.1)
    activation = try fields.activation("hidden_act", default: .gelu)
    epsilon = try fields.number("layer_norm_eps", default: 1e-12)
    try fields.checkHeads(heads, width: width)
  }
}
