import ApusIR

/// Attention of each query over all keys: `softmax(queries · keysᵀ · scale + mask) · values`
/// (Vaswani et al., 2017).
///
/// - Parameters:
///   - queries: `[…, time, feature]`.
///   - keys: `[…, source, feature]`.
///   - values: `[…, source, width]`.
///   - mask: `bool`, true where a query may look; broadcast to `[…, time, source]`.
///   - isCausal: whether query i looks at the keys 0 to i only. Products with keys that none of a
///     block of queries may look at are left out.
///   - scale: 1 / √feature where nil.
/// - Returns: `[…, time, width]`.
public func scaledDotProductAttention(
  _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil,
  isCausal: Bool = false, scale: Double? = nil
) -> Tensor {
  guard
    check(
      queries.rank >= 2 && keys.rank == queries.rank && values.rank == queries.rank, .shape,
      "scaledDotProductAttention",
      "shapes \(queries.shape), \(keys.shape) and \(values.shape) differ in rank",
      hint: "all are [..., time, feature].")
  else { return queries }
  let rank = queries.rank
  let (time, source) = (queries.shape[rank - 2], keys.shape[rank - 2])
  let scale = scale ?? 1 / Double(queries.shape[rank - 1]).squareRoot()

  /// Attention of some queries over the first keys.
  func attend(_ rows: Range<Int>, _ reach: Int) -> Tensor {
    let columns = 0..<Swift.min(reach, source)
    let near = keys.sliced(rank - 2, columns)
    let scores = matmul(queries.sliced(rank - 2, rows), near.transposed())
    var isSeen: [Tensor] = []
    if let mask {
      let wide = mask.expanded(to: Shape(mask.shape.dropLast(2) + [time, source]))
      isSeen.append(wide.sliced(wide.rank - 2, rows).sliced(wide.rank - 1, columns))
    }
    if isCausal {
      let row = Tensor.arange(rows.lowerBound, rows.upperBound, dtype: .i32).expanded(at: 1)
      isSeen.append(Tensor.arange(columns.upperBound, dtype: .i32).expanded(at: 0) .<= row)
    }
    let weights = attentionWeights(scores, isSeen, scale: scale)
    return matmul(weights, values.sliced(rank - 2, columns))
  }

  guard isCausal, time > causalBlock else { return attend(0..<time, isCausal ? time : source) }
  let starts = stride(from: 0, to: time, by: causalBlock)
  let blocks = starts.map { start in
    let end = Swift.min(start + causalBlock, time)
    return attend(start..<end, end)
  }
  return concatenate(blocks, axis: rank - 2)
}

/// The softmax of scaled scores, 0 where one of the masks is false; 16-bit floating types are computed
/// in f32. The gradient needs the result only, which is 0 where the mask hides: no mask there.
private func attentionWeights(_ scores: Tensor, _ isSeen: [Tensor], scale: Double) -> Tensor {
  customGradient("attentionWeights", of: scores.asFloating) { x in
    let wide = x.to(x.dtype.accumulator) * Tensor(scale)
    let hidden = isSeen.reduce(wide) { Tensor.where($1, $0, Tensor(-Double.infinity)) }
    return softmax(hidden).to(x.dtype)
  } backward: { x, y, gradient in
    let (y, gradient) = (y.to(x.dtype.accumulator), gradient.to(x.dtype.accumulator))
    let along = (gradient * y).sum(axis: -1, keepDims: true)
    return (y * (gradient - along) * Tensor(scale)).to(x.dtype)
  }
}

/// Queries that look at the same keys: the fewer, the less is computed in vain; the more, the better
/// the products run.
private let causalBlock = 128
