// How far apart vectors are.

/// The cosine of the angle between vectors along `axis`; lengths below `epsilon` count as that.
public func cosineSimilarity(
  _ a: Tensor, _ b: Tensor, axis: Int = -1, epsilon: Double = 1e-8
) -> Tensor {
  let pair = Tensor.matched([a, b], "cosineSimilarity", floating: true)
  let product = (pair[0] * pair[1]).sum(axis: axis)
  let lengths = pair.map { maximum($0.norm(axis: axis), Tensor(epsilon)) }
  return product / (lengths[0] * lengths[1])
}

/// The norm of the given order of a - b + epsilon along the last axis.
public func pairwiseDistance(
  _ a: Tensor, _ b: Tensor, order: Double = 2, epsilon: Double = 1e-6, keepDims: Bool = false
) -> Tensor {
  (a - b + Tensor(epsilon)).norm(order, axis: -1, keepDims: keepDims)
}
