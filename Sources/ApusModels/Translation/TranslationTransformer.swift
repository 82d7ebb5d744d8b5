import Apus

/// An encoder-decoder transformer (Vaswani et al., 2017) between two languages that share their tokens: one
/// table embeds sources and targets and, transposed, makes the logits.
///
/// Parameters: `embedding.weight` `[vocabulary, width]`, normal with deviation 1/√width at first, and
/// `transformer.*` as in `Transformer`.
public struct TranslationTransformer: TranslationModel {
  public struct Configuration: Hashable, Codable, Sendable {
    /// Tokens of both languages together.
    public var vocabulary: Int
    public var layers: TransformerConfiguration
    /// Layers of the encoder, and as many of the decoder.
    public var depth: Int
    /// The greatest number of tokens of a source or target.
    public var capacity: Int

    public init(
      vocabulary: Int,
      layers: TransformerConfiguration = TransformerConfiguration(
        width: 256, heads: 4, feedForward: 512, dropout: 0.2, isNormFirst: true),
      depth: Int = 3, capacity: Int = 256
    ) {
      self.vocabulary = vocabulary
      self.layers = layers
      self.depth = depth
      self.capacity = capacity
    }
  }

  public let configuration: Configuration
  private let embedding: Embedding
  private let positions: SinusoidalPositions
  private let transformer: Transformer
  private let scope: Scope

  public init(_ scope: Scope, _ configuration: Configuration) {
    self.scope = scope
    self.configuration = configuration
    let width = configuration.layers.width
    let normal = Initializer.normal(std: 1 / Double(Swift.max(width, 1)).squareRoot())
    let table = (scope / "embedding").with(weightInitializer: normal)
    embedding = Embedding(table, configuration.vocabulary, width)
    positions = SinusoidalPositions(width, capacity: configuration.capacity)
    transformer = Transformer(
      scope / "transformer", configuration.layers, encoderLayers: configuration.depth,
      decoderLayers: configuration.depth)
  }

  public func callAsFunction(_ source: Tensor, lengths: Tensor, target: Tensor) -> Tensor {
    scope.run {
      guard isSource(source, lengths, "TranslationTransformer") else { return .zeros([1, 1, 1]) }
      let masks = TransformerMasks(memoryPadding: sourcePadding(source, lengths), isCausal: true)
      return logits(transformer(embed(source), embed(target), masks: masks))
    }
  }

  public func start(_ source: Tensor, lengths: Tensor, capacity: Int) -> TransformerDecoderState {
    scope.run {
      let isPadding = sourcePadding(source, lengths)
      let memory = transformer.encoder(embed(source), mask: nil, keyPadding: isPadding)
      return transformer.decoder.start(memory, capacity: capacity, memoryPadding: isPadding)
    }
  }

  public func next(_ tokens: Tensor, _ state: inout TransformerDecoderState) -> Tensor {
    scope.run {
      let place = state.caches.first?.count ?? 0
      let x = embed(tokens.expanded(at: 1), from: place)
      return logits(transformer.decoder(x, &state).squeezed(1))
    }
  }

  /// What was remembered of the source is the same for all of its rows and stays.
  public func reordered(_ state: TransformerDecoderState, _ rows: Tensor) -> TransformerDecoderState {
    var state = state
    state.caches = state.caches.taking(rows)
    return state
  }

  private func embed(_ tokens: Tensor, from place: Tensor = 0) -> Tensor {
    let scale = Double(configuration.layers.width).squareRoot()
    let x = positions(embedding(tokens) * Tensor(scale), from: place)
    return dropout(x, configuration.layers.dropout)
  }

  private func logits(_ x: Tensor) -> Tensor { matmul(x, embedding.weight.value.transposed()) }
}
