// Distances between the vectors along the last axis.

import ApusIR

/// The norm of a - b + epsilon along the last axis, `[…, feature]` to `[…]`
/// (`torch.nn.functional.pairwise_distance`). `epsilon` keeps the gradient finite where a equals b.
public func pairwiseDistance(
  _ a: Tensor, _ b: Tensor, order: Double = 2, epsilon: Double = 1e-6, keepDims: Bool = false
) -> Tensor {
  (a - b + Tensor(epsilon)).norm(order, axis: -1, keepDims: keepDims)
}

/// The cosine of the angle between vectors along `axis`, neither length counted as less than `epsilon`
/// (`torch.nn.functional.cosine_similarity`).
public func cosineSimilarity(
  _ a: Tensor, _ b: Tensor, axis: Int = -1, epsilon: Double = 1e-8
) -> Tensor {
  let a = normalized(a, axis: axis, epsilon: epsilon)
  let b = normalized(b, axis: axis, epsilon: epsilon)
  return (a * b).sum(axis: axis)
}

/// The vectors along `axis` divided by their norm, which is not counted as less than `epsilon`
/// (`torch.nn.functional.normalize`).
public func normalized(
  _ x: Tensor, order: Double = 2, axis: Int = -1, epsilon: Double = 1e-12
) -> Tensor {
  let x = x.asFloating
  if order != 2 { return x / clamp(x.norm(order, axis: axis, keepDims: true), Tensor(epsilon)) }
  // The root of 0 has no finite gradient.
  let square = (x * x).sum(axis: axis, keepDims: true)
  return x * rsqrt(clamp(square, Tensor(epsilon * epsilon)))
}
