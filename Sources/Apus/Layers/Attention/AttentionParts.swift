// What the attention layers have in common.

import ApusIR

/// `[batch, time, head · feature]` as `[batch, head, time, feature]`.
package func splitHeads(_ x: Tensor, _ heads: Int) -> Tensor {
  x.unflattened(-1, [heads, x.shape[x.rank - 1] / heads]).permuted(0, 2, 1, 3)
}

/// `[batch, head, time, feature]` as `[batch, time, head · feature]`.
package func mergeHeads(_ x: Tensor) -> Tensor { x.permuted(0, 2, 1, 3).flattened(from: 2) }

/// `x · weightᵀ + bias`, as in `Linear`.
func projected(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
  let product = matmul(x, weight.transposed())
  guard let bias else { return product }
  return product + Precision.joined(bias, product)
}

/// `mask` without the keys that are padding, `[batch, source]`.
func withoutPadding(_ mask: Tensor?, _ keyPadding: Tensor?, _ name: String) -> Tensor? {
  guard let keyPadding else { return mask }
  guard
    check(
      keyPadding.rank == 2 && keyPadding.dtype == .bool, .shape, name,
      "the padding of keys must be bool [batch, source], got \(keyPadding.dtype)\(keyPadding.shape)")
  else { return mask }
  let isKey = (.!keyPadding).expanded(at: 1).expanded(at: 1)
  return joinedMask(mask, isKey)
}

/// Whether `x` is `[batch, time, width]` of a floating dtype.
func isSequence(_ x: Tensor, _ width: Int, _ name: String) -> Bool {
  check(
    x.rank == 3 && x.shape[2] == width && x.dtype.isFloating, .shape, name,
    "\(x.dtype)\(x.shape) is not [batch, time, \(width)] of a floating dtype")
}

extension KeyValueCache {
  /// Appends, and attends to everything up to each query's place. Where the queries' heads are more,
  /// they share those of the cache.
  package mutating func attend(
    _ queries: Tensor, _ newKeys: Tensor, _ newValues: Tensor, window: Int? = nil,
    keyPadding: Tensor? = nil, name: String
  ) -> Tensor {
    let rows = (count + Tensor.arange(queries.shape[2])).expanded(at: 1)
    append(newKeys, newValues)
    let isPast = causalMask(rows: rows, source: capacity, window: window)
    return scaledDotProductAttention(
      queries, keys.to(queries.dtype), values.to(queries.dtype),
      mask: withoutPadding(isPast, keyPadding, name))
  }
}
