import ApusIR

/// Attention of several heads (Vaswani et al., 2017): queries `[batch, time, width]` look at keys and
/// values `[batch, source, …]`.
///
/// A `mask` is true where a query may look, as for `scaledDotProductAttention` (PyTorch's
/// `MultiheadAttention` has it the other way round), or floating and added to the scores; it is
/// broadcast to `[batch, head, time, source]`. `keyPadding`, `bool` `[batch, source]`, is true where a
/// key is padding, as in PyTorch.
///
/// Parameters: `in_proj_weight` `[3 · width, width]`, Glorot-uniform at first, or with keys or values
/// of another width `q_proj_weight` `[width, width]`, `k_proj_weight` `[width, keyWidth]` and
/// `v_proj_weight` `[width, valueWidth]`; `in_proj_bias` `[3 · width]`, zeros; `out_proj.weight`
/// `[width, width]`, uniform in ±1/√width; `out_proj.bias` `[width]`, zeros.
public struct MultiHeadAttention: Layer {
  public let width: Int
  public let heads: Int
  public let dropout: Double
  private let keyWidth: Int
  private let valueWidth: Int
  /// One for queries, keys and values, or one for each.
  private let inputWeights: [Parameter]
  private let inputBias: Parameter?
  private let outputWeight: Parameter
  private let outputBias: Parameter?
  private let scope: Scope

  /// - Parameters:
  ///   - dropout: the probability in training that a weight of attention becomes zero.
  ///   - keyWidth: `width` where nil (PyTorch's `kdim`).
  ///   - valueWidth: `width` where nil (PyTorch's `vdim`).
  public init(
    _ scope: Scope, _ width: Int, heads: Int, bias: Bool = true, dropout: Double = 0,
    keyWidth: Int? = nil, valueWidth: Int? = nil
  ) {
    check(
      heads > 0 && width % heads == 0, .argument, "MultiHeadAttention",
      "\(width) features cannot be split into \(heads) heads")
    self.scope = scope
    self.width = width
    self.heads = heads
    self.dropout = dropout
    self.keyWidth = keyWidth ?? width
    self.valueWidth = valueWidth ?? width
    if self.keyWidth == width && self.valueWidth == width {
      inputWeights = [scope.parameter("in_proj_weight", [3 * width, width], .xavierUniform())]
    } else {
      let widths = [("q", width), ("k", self.keyWidth), ("v", self.valueWidth)]
      inputWeights = widths.map { name, input in
        scope.parameter("\(name)_proj_weight", [width, input], .xavierUniform())
      }
    }
    inputBias = bias ? scope.parameter("in_proj_bias", [3 * width], .zeros) : nil
    let output = scope / "out_proj"
    outputWeight = output.parameter("weight", [width, width], .fanInUniform(width))
    outputBias = bias ? output.parameter("bias", [width], .zeros) : nil
  }

  /// Attention of `[batch, time, width]` to itself.
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, x, x) }

  /// Attention of `[batch, time, width]` to itself.
  public func callAsFunction(
    _ x: Tensor, mask: Tensor? = nil, keyPadding: Tensor? = nil, isCausal: Bool = false
  ) -> Tensor {
    self(x, x, x, mask: mask, keyPadding: keyPadding, isCausal: isCausal)
  }

  /// Attention to keys `[batch, source, keyWidth]` and values `[batch, source, valueWidth]`.
  public func callAsFunction(
    _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil,
    keyPadding: Tensor? = nil, isCausal: Bool = false
  ) -> Tensor {
    scope.run {
      guard isValid(queries, keys, values) else { return queries }
      let parts = split(queries, keys, values)
      let mixed = scaledDotProductAttention(
        parts[0], parts[1], parts[2], mask: withoutPadding(mask, keyPadding, "MultiHeadAttention"),
        isCausal: isCausal, dropout: dropout)
      return merge(mixed)
    }
  }

  /// The same, and the weights of attention, `[batch, time, source]`, or `[batch, head, time, source]`
  /// where they are not averaged over the heads.
  public func withWeights(
    _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil,
    keyPadding: Tensor? = nil, isCausal: Bool = false, averaged: Bool = true
  ) -> (output: Tensor, weights: Tensor) {
    scope.run {
      guard isValid(queries, keys, values) else { return (queries, queries) }
      let parts = split(queries, keys, values)
      let result = scaledDotProductAttentionWithWeights(
        parts[0], parts[1], parts[2], mask: withoutPadding(mask, keyPadding, "MultiHeadAttention"),
        isCausal: isCausal, dropout: dropout)
      return (merge(result.output), averaged ? result.weights.mean(axis: 1) : result.weights)
    }
  }

  /// Attention of the next times of a sequence, `[batch, time, width]`, to themselves and what was
  /// read before.
  ///
  /// - Parameter keyPadding: `bool` `[batch, capacity]`.
  public func callAsFunction(
    _ x: Tensor, cache: inout KeyValueCache, keyPadding: Tensor? = nil
  ) -> Tensor {
    scope.run {
      guard isValid(x, x, x) else { return x }
      let parts = split(x, x, x)
      return merge(
        cache.attend(parts[0], parts[1], parts[2], keyPadding: keyPadding, name: "MultiHeadAttention"))
    }
  }

  /// Keys and values of a memory, computed once and looked at from many queries.
  public func remember(_ keys: Tensor, _ values: Tensor) -> KeyValueMemory {
    scope.run {
      let parts = project(keys, values, from: 1)
      return KeyValueMemory(keys: splitHeads(parts[0], heads), values: splitHeads(parts[1], heads))
    }
  }

  /// Attention to a memory.
  public func callAsFunction(
    _ queries: Tensor, to memory: KeyValueMemory, keyPadding: Tensor? = nil
  ) -> Tensor {
    scope.run {
      guard isSequence(queries, width, "MultiHeadAttention") else { return queries }
      let mask = withoutPadding(nil, keyPadding, "MultiHeadAttention")
      let part = splitHeads(project(queries, part: 0..<1), heads)
      return merge(scaledDotProductAttention(part, memory.keys, memory.values, mask: mask))
    }
  }

  private func isValid(_ queries: Tensor, _ keys: Tensor, _ values: Tensor) -> Bool {
    let name = "MultiHeadAttention"
    return isSequence(queries, width, name) && isSequence(keys, keyWidth, name)
      && isSequence(values, valueWidth, name)
      && check(
        keys.shape[0] == queries.shape[0]
          && keys.shape.removing(axes: [2]) == values.shape.removing(axes: [2]),
        .shape, name,
        "queries \(queries.shape), keys \(keys.shape) and values \(values.shape) do not fit together",
        hint: "all have the same batch, and keys and values the same time.")
  }

  /// Queries, keys and values by head. What is projected from the same tensor is one product.
  private func split(_ queries: Tensor, _ keys: Tensor, _ values: Tensor) -> [Tensor] {
    let isShared = inputWeights.count == 1 && queries.node == keys.node && keys.node == values.node
    let parts = isShared
      ? project(queries, part: 0..<3).chunked(3, axis: -1)
      : [project(queries, part: 0..<1)] + project(keys, values, from: 1)
    return parts.map { splitHeads($0, heads) }
  }

  private func project(_ keys: Tensor, _ values: Tensor, from part: Int) -> [Tensor] {
    if inputWeights.count == 1 && keys.node == values.node {
      return project(keys, part: part..<(part + 2)).chunked(2, axis: -1)
    }
    return [project(keys, part: part..<(part + 1)), project(values, part: (part + 1)..<(part + 2))]
  }

  /// The product with some of the weights for queries (0), keys (1) and values (2).
  private func project(_ x: Tensor, part: Range<Int>) -> Tensor {
    let rows = (part.lowerBound * width)..<(part.upperBound * width)
    let weight = inputWeights.count == 1
      ? inputWeights[0].value[rows] : inputWeights[part.lowerBound].value
    return projected(x, weight, inputBias?.value[rows])
  }

  private func merge(_ x: Tensor) -> Tensor {
    projected(mergeHeads(x), outputWeight.value, outputBias?.value)
  }
}

/// Keys and values by head, `[batch, head, source, feature]`.
public struct KeyValueMemory: TensorStructure {
  public var keys: Tensor
  public var values: Tensor

  public init(keys: Tensor, values: Tensor) {
    self.keys = keys
    self.values = values
  }

  public var tensors: [Tensor] { [keys, values] }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> KeyValueMemory {
    KeyValueMemory(keys: tensors.removeFirst(), values: tensors.removeFirst())
  }
}
