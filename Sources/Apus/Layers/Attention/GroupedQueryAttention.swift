import ApusIR

/// Self-attention in which several heads of queries share keys and values (Ainslie et al., 2023), as
/// Llama and Mistral have it: `[batch, time, width]` stays `[batch, time, width]`.
///
/// Parameters, with Llama's names, all made as in `Linear`: `q_proj.weight`
/// `[heads · headWidth, width]`, `k_proj.weight` and `v_proj.weight` `[keyValueHeads · headWidth,
/// width]`, `o_proj.weight` `[width, heads · headWidth]`, and biases where asked for.
public struct GroupedQueryAttention: Layer {
  public let heads: Int
  public let keyValueHeads: Int
  public let headWidth: Int
  private let width: Int
  private let queries: Linear
  private let keys: Linear
  private let values: Linear
  private let output: Linear
  private let rotary: RotaryEmbedding?
  private let isCausal: Bool
  private let window: Int?
  private let dropout: Double
  private let scope: Scope

  /// - Parameters:
  ///   - keyValueHeads: as many as `heads` where nil; 1 is multi-query attention (Shazeer, 2019).
  ///   - headWidth: `width / heads` where nil.
  ///   - bias: of queries, keys and values.
  ///   - rotary: turns queries and keys by their place.
  ///   - window: how many keys a query looks at, itself included (Mistral); all before it where nil.
  public init(
    _ scope: Scope, _ width: Int, heads: Int, keyValueHeads: Int? = nil, headWidth: Int? = nil,
    bias: Bool = false, outputBias: Bool = false, rotary: RotaryEmbedding? = nil,
    isCausal: Bool = true, window: Int? = nil, dropout: Double = 0
  ) {
    let shared = keyValueHeads ?? heads
    check(
      heads > 0 && shared > 0 && heads % shared == 0, .argument, "GroupedQueryAttention",
      "\(heads) heads of queries cannot share \(shared) heads of keys",
      hint: "the first must be a multiple of the second.")
    check(
      headWidth != nil || heads > 0 && width % heads == 0, .argument, "GroupedQueryAttention",
      "\(width) features cannot be split into \(heads) heads")
    let headWidth = headWidth ?? width / Swift.max(heads, 1)
    self.scope = scope
    self.width = width
    self.heads = heads
    self.keyValueHeads = shared
    self.headWidth = headWidth
    self.rotary = rotary
    self.isCausal = isCausal
    self.window = window
    self.dropout = dropout
    queries = Linear(scope / "q_proj", width, heads * headWidth, bias: bias)
    keys = Linear(scope / "k_proj", width, shared * headWidth, bias: bias)
    values = Linear(scope / "v_proj", width, shared * headWidth, bias: bias)
    output = Linear(scope / "o_proj", heads * headWidth, width, bias: outputBias)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, mask: nil) }

  /// - Parameters:
  ///   - mask: `bool`, true where a query may look, or floating, added to the scores; broadcast to
  ///     `[batch, head, time, time]`.
  ///   - keyPadding: `bool` `[batch, time]`, true where a key is padding.
  public func callAsFunction(
    _ x: Tensor, mask: Tensor?, keyPadding: Tensor? = nil
  ) -> Tensor {
    scope.run {
      guard isSequence(x, width, "GroupedQueryAttention") else { return x }
      let parts = split(x, from: 0)
      let mixed = scaledDotProductAttention(
        parts[0], parts[1], parts[2],
        mask: withoutPadding(mask, keyPadding, "GroupedQueryAttention"), isCausal: isCausal,
        window: window, dropout: dropout)
      return output(mergeHeads(mixed))
    }
  }

  /// Attention of the next times of a sequence, `[batch, time, width]`, to themselves and what was
  /// read before.
  ///
  /// - Parameters:
  ///   - cache: with `keyValueHeads` heads.
  ///   - keyPadding: `bool` `[batch, capacity]`.
  public func callAsFunction(
    _ x: Tensor, cache: inout KeyValueCache, keyPadding: Tensor? = nil
  ) -> Tensor {
    scope.run {
      guard isSequence(x, width, "GroupedQueryAttention") else { return x }
      let parts = split(x, from: cache.count)
      let mixed = cache.attend(
        parts[0], parts[1], parts[2], window: window, keyPadding: keyPadding,
        name: "GroupedQueryAttention")
      return output(mergeHeads(mixed))
    }
  }

  /// An empty cache for this layer.
  public func cache(batch: Int, capacity: Int, dtype: DType = .defaultFloating) -> KeyValueCache {
    KeyValueCache(
      batch: batch, heads: keyValueHeads, capacity: capacity, width: headWidth, dtype: dtype)
  }

  private func split(_ x: Tensor, from start: Tensor) -> [Tensor] {
    let parts = [
      splitHeads(queries(x), heads), splitHeads(keys(x), keyValueHeads),
      splitHeads(values(x), keyValueHeads),
    ]
    guard let rotary else { return parts }
    return [rotary(parts[0], from: start), rotary(parts[1], from: start), parts[2]]
  }
}
