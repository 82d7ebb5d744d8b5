import Apus

/// A language model that looks back only: GPT-2's architecture (Radford et al., 2019) with nanoGPT's names.
///
/// Input: tokens, integers `[batch, time]`; traps where there are more than the context. Output: logits of
/// the token after each, `[batch, time, vocabulary]`.
///
/// Parameters: `transformer.wte.weight` `[vocabulary, width]`, which is the output's weight too (PyTorch lists
/// it a second time, as `lm_head.weight`), `transformer.wpe.weight` `[context, width]`,
/// `transformer.h.0.ln_1`, `.attn.c_attn`, `.attn.c_proj`, `.ln_2`, `.mlp.c_fc`, `.mlp.c_proj` …, and
/// `transformer.ln_f`. Dense weights are `[output, input]`, as in nanoGPT; GPT-2's published files have them
/// transposed, see `state(fromHuggingFace:)`. Weights are normal with deviation 0.02 at first, those before a
/// residual sum by √(2 · layers) less, and biases zero.
public struct GPT: Layer {
  public struct Configuration: Hashable, Sendable {
    public var vocabulary: Int
    /// The most tokens that it can look at.
    public var context: Int
    public var layers: Int
    public var heads: Int
    /// The features of a token.
    public var width: Int
    /// The probability in training: of embeddings, of weights of attention, and before each residual sum.
    public var dropout: Double
    /// Whether dense layers and normalisations have biases, as in GPT-2.
    public var bias: Bool
    public var activation: TextActivation
    /// Added to the variance of the normalisations.
    public var epsilon: Double

    public init(
      vocabulary: Int, context: Int, layers: Int, heads: Int, width: Int, dropout: Double = 0,
      bias: Bool = true, activation: TextActivation = .gelu, epsilon: Double = 1e-5
    ) {
      self.vocabulary = vocabulary
      self.context = context
      self.layers = layers
      self.heads = heads
      self.width = width
      self.dropout = dropout
      self.bias = bias
      self.activation = activation
      self.epsilon = epsilon
    }

    /// The smallest of the published models: 124 million parameters.
    public static let gpt2 = Configuration(
      vocabulary: 50_257, context: 1_024, layers: 12, heads: 12, width: 768, dropout: 0.1,
      activation: .geluTanh)
  }

  public let configuration: Configuration
  private let tokens: Embedding
  private let positions: LearnedPositions
  private let blocks: [GPTBlock]
  private let norm: LayerNorm

  public init(_ scope: Scope, _ configuration: Configuration) {
    self.configuration = configuration
    let (width, transformer) = (configuration.width, scope / "transformer")
    func start(_ name: String) -> Scope { (transformer / name).with(weightInitializer: .normal(std: 0.02)) }
    tokens = Embedding(start("wte"), configuration.vocabulary, width)
    positions = LearnedPositions(start("wpe"), configuration.context, width)
    blocks = (0..<configuration.layers).map { GPTBlock(transformer / "h" / $0, configuration) }
    norm = LayerNorm(
      transformer / "ln_f", width, epsilon: configuration.epsilon, bias: configuration.bias)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let embedded = dropout(positions(tokens(x)), configuration.dropout)
    return logits(blocks.reduce(embedded) { $1($0) })
  }

  private func logits(_ x: Tensor) -> Tensor { matmul(norm(x), tokens.weight.value.transposed()) }
}

extension GPT: AutoregressiveModel {
  public var context: Int? { configuration.context }

  /// An empty cache of keys and values for each layer.
  public func memory(batch: Int) -> [KeyValueCache] {
    let (heads, width) = (configuration.heads, configuration.width)
    return (0..<configuration.layers).map { _ in
      KeyValueCache(
        batch: batch, heads: heads, capacity: configuration.context, width: width / max(heads, 1),
        dtype: tokens.weight.dtype)
    }
  }

  public func next(_ x: Tensor, _ memory: inout [KeyValueCache]) -> Tensor {
    guard
      check(
        memory.count == blocks.count, .argument, "GPT",
        "\(memory.count) caches do not fit \(blocks.count) layers", hint: "make them with memory(batch:).")
    else { return logits(tokens(x))[0..., -1] }
    let start = memory.first?.count ?? 0
    var hidden = positions(tokens(x), from: start)
    for (index, block) in blocks.enumerated() { hidden = block(hidden, cache: &memory[index]) }
    return logits(hidden[0..., -1])
  }
}

/// Attention and two dense layers, each behind a normalisation and beside a shortcut.
private struct GPTBlock: Layer {
  let norm1: LayerNorm
  let attention: GPTAttention
  let norm2: LayerNorm
  let expansion: Linear
  let projection: Linear
  let activation: TextActivation
  let probability: Double

  init(_ scope: Scope, _ sizes: GPT.Configuration) {
    norm1 = LayerNorm(scope / "ln_1", sizes.width, epsilon: sizes.epsilon, bias: sizes.bias)
    attention = GPTAttention(scope / "attn", sizes)
    norm2 = LayerNorm(scope / "ln_2", sizes.width, epsilon: sizes.epsilon, bias: sizes.bias)
    expansion = sizes.linear(scope / "mlp" / "c_fc", sizes.width, 4 * sizes.width)
    projection = sizes.linear(scope / "mlp" / "c_proj", 4 * sizes.width, sizes.width, isResidual: true)
    activation = sizes.activation
    probability = sizes.dropout
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let mixed = x + dropout(attention(norm1(x)), probability)
    return mixed + dropout(dense(mixed), probability)
  }

  func callAsFunction(_ x: Tensor, cache: inout KeyValueCache) -> Tensor {
    let mixed = x + attention(norm1(x), cache: &cache)
    return mixed + dense(mixed)
  }

  private func dense(_ x: Tensor) -> Tensor { projection(activation(expansion(norm2(x)))) }
}

private struct GPTAttention: Layer {
  let heads: Int
  let input: Linear
  let output: Linear
  let probability: Double

  init(_ scope: Scope, _ sizes: GPT.Configuration) {
    check(
      sizes.heads > 0 && sizes.width % max(sizes.heads, 1) == 0, .argument, "GPT",
      "\(sizes.width) features cannot be split into \(sizes.heads) heads")
    heads = sizes.heads
    input = sizes.linear(scope / "c_attn", sizes.width, 3 * sizes.width)
    output = sizes.linear(scope / "c_proj", sizes.width, sizes.width, isResidual: true)
    probability = sizes.dropout
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let parts = split(x)
    let mixed = scaledDotProductAttention(
      parts[0], parts[1], parts[2], isCausal: true, dropout: probability)
    return output(mergeHeads(mixed))
  }

  func callAsFunction(_ x: Tensor, cache: inout KeyValueCache) -> Tensor {
    let parts = split(x)
    return output(mergeHeads(cache.attend(parts[0], parts[1], parts[2], name: "GPT")))
  }

  /// Queries, keys and values, `[batch, head, time, feature]`.
  private func split(_ x: Tensor) -> [Tensor] {
    input(x).chunked(3, axis: -1).map { splitHeads($0, heads) }
  }
}

extension GPT.Configuration {
  fileprivate func linear(
    _ scope: Scope, _ input: Int, _ output: Int, isResidual: Bool = false
  ) -> Linear {
    let std = isResidual ? 0.02 / Double(2 * layers).squareRoot() : 0.02
    let scope = scope.with(weightInitializer: .normal(std: std), biasInitializer: .zeros)
    return Linear(scope, input, output, bias: bias)
  }
}

// MARK: - What is published

extension GPT.Configuration: Decodable {
  /// Reads Hugging Face's `config.json` of GPT-2, or nanoGPT's `model_args`, whose names are `block_size`,
  /// `dropout` and `bias`.
  ///
  /// - Throws: `ModelConfigurationError` for a size that is missing or out of range.
  public init(from decoder: any Decoder) throws {
    let fields = try PublishedConfiguration(decoder, of: "GPT")
    vocabulary = try fields.size("vocab_size")
    context = try fields.size("n_positions", "block_size")
    layers = try fields.size("n_layer", upTo: 1_000)
    heads = try fields.size("n_head", upTo: 10_000)
    width = try fields.size("n_embd")
    dropout = try fields.number("resid_pdrop", "dropout", default: 0)
    bias = try fields.flag("bias", default: true)
    activation = try fields.activation("activation_function", default: .gelu)
    epsilon = try fields.number("layer_norm_epsilon", default: 1e-5)
    try fields.checkHeads(heads, width: width)
  }
}

extension GPT {
  /// The state of a GPT-2 that Hugging Face publishes, for `ParameterStore.load`: dense weights transposed,
  /// since they are `[input, output]` there (`Conv1D`), and causal masks and the tied `lm_head` left out.
  public static func state(fromHuggingFace published: [String: Tensor]) -> [String: Tensor] {
    var state: [String: Tensor] = [:]
    for (name, tensor) in published where name != "lm_head.weight" {
      if name.hasSuffix(".attn.bias") || name.hasSuffix(".attn.masked_bias") { continue }
      let isDense = name.hasSuffix(".weight") && name.contains(".c_") && tensor.rank == 2
      let path = name.hasPrefix("transformer.") ? name : "transformer." + name
      state[path] = isDense ? tensor.transposed() : tensor
    }
    return state
  }
}
