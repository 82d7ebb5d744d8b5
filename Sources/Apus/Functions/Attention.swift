import ApusIR

/// Attention of each query over all keys: `softmax(queries · keysᵀ · scale + mask) · values`
/// (Vaswani et al., 2017).
///
/// A query that may look at no key gives NaN.
///
/// - Parameters:
///   - queries: `[…, head, time, feature]`, or without heads `[…, time, feature]`.
///   - keys: `[…, head, source, feature]`. Where queries have more heads, each head here serves
///     neighbouring ones of them (grouped-query attention, Ainslie et al., 2023); nothing is repeated
///     in memory.
///   - values: `[…, head, source, width]`.
///   - mask: `bool`, true where a query may look, or floating, added to the scaled scores; broadcast
///     to `[…, time, source]`.
///   - isCausal: whether query i looks at the keys 0 to i only. Products with keys that none of a
///     block of queries may look at are left out.
///   - window: where it is causal, how many keys a query looks at, itself included.
///   - scale: 1 / √feature where nil.
///   - dropout: the probability in training that a weight becomes zero.
/// - Returns: `[…, time, width]`.
public func scaledDotProductAttention(
  _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil,
  isCausal: Bool = false, window: Int? = nil, scale: Double? = nil, dropout: Double = 0
) -> Tensor {
  guard
    let attention = ScaledDotProductAttention(
      queries, keys, values, mask, isCausal: isCausal, window: window, scale: scale)
  else { return queries }
  func attend(_ rows: Range<Int>, _ columns: Range<Int>) -> Tensor {
    attention.mixed(Apus.dropout(attention.weights(rows, columns), dropout), columns)
  }
  let (time, source) = (attention.time, attention.source)
  guard isCausal, time > causalBlock else {
    return attend(0..<time, 0..<(isCausal ? Swift.min(time, source) : source))
  }
  let starts = stride(from: 0, to: time, by: causalBlock)
  let blocks = starts.map { start in
    let end = Swift.min(start + causalBlock, time)
    let reach = Swift.min(end, source)
    let first = window.map { Swift.min(Swift.max(start - $0 + 1, 0), reach) } ?? 0
    return attend(start..<end, first..<reach)
  }
  return concatenate(blocks, axis: queries.rank - 2)
}

/// `scaledDotProductAttention` that also gives its weights, `[…, time, source]`, after dropout; nothing
/// is left out.
public func scaledDotProductAttentionWithWeights(
  _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil,
  isCausal: Bool = false, window: Int? = nil, scale: Double? = nil, dropout: Double = 0
) -> (output: Tensor, weights: Tensor) {
  guard
    let attention = ScaledDotProductAttention(
      queries, keys, values, mask, isCausal: isCausal, window: window, scale: scale)
  else { return (queries, queries) }
  let columns = 0..<attention.source
  let weights = Apus.dropout(attention.weights(0..<attention.time, columns), dropout)
  return (attention.mixed(weights, columns), weights)
}

/// Operands that fit together, and attention of some of the queries over some of the keys.
private struct ScaledDotProductAttention {
  let queries: Tensor
  let keys: Tensor
  let values: Tensor
  let mask: Tensor?
  let isCausal: Bool
  let window: Int?
  let scale: Double
  /// How many heads of the queries share one of the keys.
  let group: Int

  var time: Int { queries.shape[queries.rank - 2] }
  var source: Int { keys.shape[keys.rank - 2] }

  init?(
    _ queries: Tensor, _ keys: Tensor, _ values: Tensor, _ mask: Tensor?, isCausal: Bool,
    window: Int?, scale: Double?
  ) {
    let name = "scaledDotProductAttention"
    let rank = queries.rank
    guard
      check(
        rank >= 2 && values.rank == rank && keys.rank == rank, .shape, name,
        "shapes \(queries.shape), \(keys.shape) and \(values.shape) differ in rank",
        hint: "all are [..., time, feature]."),
      check(
        window == nil || isCausal && window! > 0, .argument, name,
        "a window of \(window ?? 0) keys needs to be positive and causal")
    else { return nil }
    var group = 1
    if rank >= 3, queries.shape[rank - 3] != keys.shape[rank - 3] {
      let (heads, shared) = (queries.shape[rank - 3], keys.shape[rank - 3])
      if shared > 0 && heads % shared == 0 { group = Swift.max(heads / shared, 1) }
    }
    self.queries = queries
    self.keys = keys
    self.values = values
    self.mask = mask
    self.isCausal = isCausal
    self.window = window
    self.scale = scale ?? 1 / Double(queries.shape[rank - 1]).squareRoot()
    self.group = group
  }

  /// The weights of `rows` over `columns`, `[…, row, column]`.
  func weights(_ rows: Range<Int>, _ columns: Range<Int>) -> Tensor {
    let axis = queries.rank - 2
    let near = keys.sliced(axis, columns)
    let scores = ungrouped(matmul(grouped(queries.sliced(axis, rows)), near.transposed()))
    var isSeen: [Tensor] = []
    var bias: Tensor?
    if let mask {
      let wide = mask.expanded(to: Shape(mask.shape.dropLast(2) + [time, source]))
      let part = wide.sliced(wide.rank - 2, rows).sliced(wide.rank - 1, columns)
      if mask.dtype.isFloating { bias = part } else { isSeen.append(part) }
    }
    if isCausal {
      let row = Tensor.arange(rows.lowerBound, rows.upperBound, dtype: .i32).expanded(at: 1)
      let column = Tensor.arange(columns.lowerBound, columns.upperBound, dtype: .i32).expanded(at: 0)
      isSeen.append(column .<= row)
      if let window { isSeen.append(column .> row - Tensor(window)) }
    }
    return attentionWeights(scores, bias, isSeen, scale: scale)
  }

  /// The values of `columns`, weighted: `[…, row, width]`.
  func mixed(_ weights: Tensor, _ columns: Range<Int>) -> Tensor {
    ungrouped(matmul(grouped(weights), values.sliced(values.rank - 2, columns)))
  }

  /// Heads that share keys as further rows, `[…, head, time, n]` as `[…, shared, group · time, n]`.
  private func grouped(_ x: Tensor) -> Tensor {
    if group == 1 { return x }
    var shape = x.shape
    shape[x.rank - 3] /= group
    shape[x.rank - 2] *= group
    return x.reshaped(shape)
  }

  private func ungrouped(_ x: Tensor) -> Tensor {
    if group == 1 { return x }
    var shape = x.shape
    shape[x.rank - 3] *= group
    shape[x.rank - 2] /= group
    return x.reshaped(shape)
  }
}

/// The softmax of scaled scores, 0 where one of the masks is false; 16-bit floating types are computed
/// in f32. The gradient needs the result only, which is 0 where the mask hides: no mask there.
private func attentionWeights(
  _ scores: Tensor, _ bias: Tensor?, _ isSeen: [Tensor], scale: Double
) -> Tensor {
  func hiding(_ x: Tensor) -> Tensor {
    isSeen.reduce(x) { Tensor.where($1, $0, Tensor(-Double.infinity)) }
  }
  if let bias {
    let wide = scores.to(scores.dtype.accumulator) * Tensor(scale)
    return softmax(hiding(wide + bias.to(wide.dtype))).to(scores.dtype)
  }
  return customGradient("attentionWeights", of: scores.asFloating) { x in
    softmax(hiding(x.to(x.dtype.accumulator) * Tensor(scale))).to(x.dtype)
  } backward: { x, y, gradient in
    let (y, gradient) = (y.to(x.dtype.accumulator), gradient.to(x.dtype.accumulator))
    let along = (gradient * y).sum(axis: -1, keepDims: true)
    return (y * (gradient - along) * Tensor(scale)).to(x.dtype)
  }
}

/// Queries that look at the same keys: the fewer, the less is computed in vain; the more, the better
/// the products run.
private let causalBlock = 128
