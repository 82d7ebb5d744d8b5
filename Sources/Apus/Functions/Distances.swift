// Distances between the vectors along the last axis.

import ApusIR

/// The norm of a - b + eps along the last axis, `[…, feature]` to `[…]`
/// (`torch.nn.functional.pairwise_distance`). `eps` keeps the gradient finite where a equals b.
public func pairwiseDistance(
  _ a: Tensor, _ b: Tensor, p: Double = 2, eps: Double = 1e-6, keepDims: Bool = false
) -> Tensor {
  (a - b + Tensor(eps)).norm(p, axis: -1, keepDims: keepDims)
}

/// The cosine of the angle between vectors along `axis`, neither length counted as less than `eps`
/// (`torch.nn.functional.cosine_similarity`).
public func cosineSimilarity(
  _ a: Tensor, _ b: Tensor, axis: Int = -1, eps: Double = 1e-8
) -> Tensor {
  (normalized(a, axis: axis, eps: eps) * normalized(b, axis: axis, eps: eps)).sum(axis: axis)
}

/// The vectors along `axis` divided by their norm, which is not counted as less than `eps`
/// (`torch.nn.functional.normalize`).
public func normalized(_ x: Tensor, p: Double = 2, axis: Int = -1, eps: Double = 1e-12) -> Tensor {
  let x = x.asFloating
  if p != 2 { return x / clamp(x.norm(p, axis: axis, keepDims: true), Tensor(eps)) }
  // The root of 0 has no finite gradient.
  let square = (x * x).sum(axis: axis, keepDims: true)
  return x * rsqrt(clamp(square, Tensor(eps * eps)))
}
