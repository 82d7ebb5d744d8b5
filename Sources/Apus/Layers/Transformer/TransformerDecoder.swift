import ApusIR

/// Which of target and memory a decoder may look at. Masks are true where a time may look, or
/// floating; padding is `bool` `[batch, time]`, true where a time is padding.
public struct TransformerMasks: Sendable {
  public var target: Tensor?
  public var memory: Tensor?
  public var targetPadding: Tensor?
  public var memoryPadding: Tensor?
  /// Whether a target looks only at itself and what came before.
  public var isCausal: Bool

  public init(
    target: Tensor? = nil, memory: Tensor? = nil, targetPadding: Tensor? = nil,
    memoryPadding: Tensor? = nil, isCausal: Bool = false
  ) {
    self.target = target
    self.memory = memory
    self.targetPadding = targetPadding
    self.memoryPadding = memoryPadding
    self.isCausal = isCausal
  }
}

/// Self-attention, attention to a memory and two dense layers, each with a residual sum and a
/// normalisation (Vaswani et al., 2017): targets `[batch, time, width]` stay `[batch, time, width]`.
///
/// Parameters: `self_attn.*` and `multihead_attn.*` as in `MultiHeadAttention`, `linear1` and
/// `linear2` as in `Linear`, `norm1`, `norm2` and `norm3` as in `LayerNorm`.
public struct TransformerDecoderLayer: Sendable {
  private let configuration: TransformerConfiguration
  private let selfAttention: MultiHeadAttention
  private let crossAttention: MultiHeadAttention
  private let dense: TransformerDense
  private let norms: [LayerNorm]
  private let scope: Scope

  public init(_ scope: Scope, _ configuration: TransformerConfiguration) {
    self.configuration = configuration
    self.scope = scope
    selfAttention = configuration.attention(scope / "self_attn")
    crossAttention = configuration.attention(scope / "multihead_attn")
    dense = TransformerDense(scope, configuration)
    norms = (1...3).map { configuration.norm(scope / "norm\($0)") }
  }

  /// - Parameter memory: `[batch, source, width]`.
  public func callAsFunction(
    _ x: Tensor, _ memory: Tensor, _ masks: TransformerMasks = TransformerMasks()
  ) -> Tensor {
    scope.run {
      run(x) {
        selfAttention(
          $0, mask: masks.target, keyPadding: masks.targetPadding, isCausal: masks.isCausal)
      } across: {
        crossAttention($0, memory, memory, mask: masks.memory, keyPadding: masks.memoryPadding)
      }
    }
  }

  /// The keys and values of a memory, `[batch, source, width]`, computed once for all steps.
  public func remember(_ memory: Tensor) -> KeyValueMemory {
    crossAttention.remember(memory, memory)
  }

  /// The next times of the targets, `[batch, time, width]`; they look at what came before.
  public func callAsFunction(
    _ x: Tensor, cache: inout KeyValueCache, memory: KeyValueMemory, memoryPadding: Tensor? = nil
  ) -> Tensor {
    scope.run {
      run(x) {
        selfAttention($0, cache: &cache)
      } across: {
        crossAttention($0, to: memory, keyPadding: memoryPadding)
      }
    }
  }

  private func run(
    _ x: Tensor, within: (Tensor) -> Tensor, across: (Tensor) -> Tensor
  ) -> Tensor {
    let own = configuration.residual(x, norms[0], within)
    let mixed = configuration.residual(own, norms[1], across)
    return configuration.residual(mixed, norms[2]) { dense($0) }
  }
}

/// What a decoder keeps between steps: for each layer its cache and its memory.
public struct TransformerDecoderState: TensorStructure {
  public var caches: [KeyValueCache]
  public var memories: [KeyValueMemory]
  /// `bool` `[batch, source]`, true where the memory is padding.
  public var memoryPadding: Tensor?

  public init(caches: [KeyValueCache], memories: [KeyValueMemory], memoryPadding: Tensor? = nil) {
    self.caches = caches
    self.memories = memories
    self.memoryPadding = memoryPadding
  }

  public var tensors: [Tensor] { caches.tensors + memories.tensors + memoryPadding.tensors }
  public var layout: String { "\(caches.count),\(memoryPadding == nil ? 0 : 1)" }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> TransformerDecoderState {
    TransformerDecoderState(
      caches: caches.replacing(with: &tensors), memories: memories.replacing(with: &tensors),
      memoryPadding: memoryPadding.replacing(with: &tensors))
  }
}

/// Decoder layers one after the other: targets `[batch, time, width]` stay `[batch, time, width]`.
///
/// Parameters: `layers.0.*` …, and `norm` where there is a normalisation at the end.
public struct TransformerDecoder: Sendable {
  public let layers: [TransformerDecoderLayer]
  private let configuration: TransformerConfiguration
  private let norm: LayerNorm?

  /// - Parameter norm: whether there is a normalisation at the end; PyTorch's `Transformer` has one.
  public init(
    _ scope: Scope, _ configuration: TransformerConfiguration, layers: Int, norm: Bool = false
  ) {
    check(layers >= 0, .argument, "TransformerDecoder", "cannot have \(layers) layers")
    self.configuration = configuration
    self.layers = (0..<Swift.max(layers, 0)).map {
      TransformerDecoderLayer(scope / "layers" / $0, configuration)
    }
    self.norm = norm ? configuration.norm(scope / "norm") : nil
  }

  /// - Parameter memory: `[batch, source, width]`.
  public func callAsFunction(
    _ x: Tensor, _ memory: Tensor, _ masks: TransformerMasks = TransformerMasks()
  ) -> Tensor {
    normalized(layers.reduce(x) { $1($0, memory, masks) })
  }

  /// The state before the first target.
  ///
  /// - Parameters:
  ///   - memory: `[batch, source, width]`.
  ///   - capacity: the greatest number of targets.
  public func start(
    _ memory: Tensor, capacity: Int, memoryPadding: Tensor? = nil
  ) -> TransformerDecoderState {
    let (width, heads) = (configuration.width, configuration.heads)
    let memories = layers.map { $0.remember(memory) }
    let caches = memories.map { memory in
      KeyValueCache(
        batch: memory.keys.shape[0], heads: heads, capacity: capacity,
        width: width / Swift.max(heads, 1), dtype: memory.keys.dtype)
    }
    return TransformerDecoderState(caches: caches, memories: memories, memoryPadding: memoryPadding)
  }

  /// The next times of the targets, `[batch, time, width]`; they look at what came before.
  public func callAsFunction(_ x: Tensor, _ state: inout TransformerDecoderState) -> Tensor {
    guard
      check(
        state.caches.count == layers.count, .argument, "TransformerDecoder",
        "a state of \(state.caches.count) layers does not fit \(layers.count)")
    else { return x }
    var result = x
    for (index, layer) in layers.enumerated() {
      result = layer(
        result, cache: &state.caches[index], memory: state.memories[index],
        memoryPadding: state.memoryPadding)
    }
    return normalized(result)
  }

  private func normalized(_ x: Tensor) -> Tensor { norm.map { $0(x) } ?? x }
}
