// Losses of vectors along the last axis: those of one kind shall lie together.

import ApusIR

/// 1 - cosine where the target is 1, the positive part of cosine - margin where it is -1, on vectors
/// `[…, feature]` and targets `[…]` (`torch.nn.functional.cosine_embedding_loss`).
public func cosineEmbeddingLoss(
  _ first: Tensor, _ second: Tensor, _ targets: Tensor, margin: Double = 0,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let (a, b) = lossOperands(first, second, "cosineEmbeddingLoss"),
    targetsFit(targets, a, "cosineEmbeddingLoss")
  else { return .noLoss }
  let squares = ((a * a).sum(axis: -1) + 1e-12) * ((b * b).sum(axis: -1) + 1e-12)
  let cosine = (a * b).sum(axis: -1) * rsqrt(squares)
  return reduction(Tensor.where(targets .> 0, 1 - cosine, clamp(cosine - Tensor(margin), 0)))
}

/// Half the squared distance where the target is 1, half the squared positive part of margin - distance
/// where it is 0, on vectors `[…, feature]` and targets `[…]` (Hadsell et al., 2006).
public func contrastiveLoss(
  _ first: Tensor, _ second: Tensor, _ targets: Tensor, margin: Double = 1,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let (a, b) = lossOperands(first, second, "contrastiveLoss"),
    targetsFit(targets, a, "contrastiveLoss")
  else { return .noLoss }
  let distance = pairwiseDistance(a, b)
  let missing = clamp(Tensor(margin) - distance, 0)
  let t = targets.to(distance.dtype)
  return reduction((t * distance * distance + (1 - t) * missing * missing) * 0.5)
}

/// The positive part of margin + distance to the positive - distance to the negative, on vectors
/// `[…, feature]` (`torch.nn.functional.triplet_margin_loss`).
///
/// - Parameters:
///   - p: of the norm that is the distance.
///   - swap: whether the distance from positive to negative counts where it is the smaller one
///     (Balntas et al., 2016).
public func tripletMarginLoss(
  anchor: Tensor, positive: Tensor, negative: Tensor, margin: Double = 1, order: Double = 2,
  epsilon: Double = 1e-6, swap: Bool = false, reduction: LossReduction = .mean
) -> Tensor {
  tripletMarginLoss(
    anchor: anchor, positive: positive, negative: negative, margin: margin, swap: swap,
    reduction: reduction, distance: { pairwiseDistance($0, $1, order: order, epsilon: epsilon) })
}

/// The same with another distance (`torch.nn.functional.triplet_margin_with_distance_loss`).
public func tripletMarginLoss(
  anchor: Tensor, positive: Tensor, negative: Tensor, margin: Double = 1, swap: Bool = false,
  reduction: LossReduction = .mean, distance: (Tensor, Tensor) -> Tensor
) -> Tensor {
  guard let (a, p) = lossOperands(anchor, positive, "tripletMarginLoss"),
    let (_, n) = lossOperands(anchor, negative, "tripletMarginLoss"),
    check(margin > 0, .argument, "tripletMarginLoss", "the margin must be positive, got \(margin)")
  else { return .noLoss }
  var toNegative = distance(a, n)
  if swap { toNegative = minimum(toNegative, distance(p, n)) }
  return reduction(clamp(distance(a, p) - toNegative + Tensor(margin), 0))
}

/// InfoNCE: each query shall be most alike, by cosine, to the key in the same row, on queries and keys
/// `[batch, feature]` (van den Oord et al., 2018).
///
/// - Parameters:
///   - temperature: divides the cosines; a number, or a tensor that is learnt.
///   - symmetric: whether each key shall find its query as well; the loss is the mean of both
///     (CLIP; Radford et al., 2021).
public func infoNCELoss(
  queries: Tensor, keys: Tensor, temperature: Tensor = 0.1, symmetric: Bool = false,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let (q, k) = rowOperands(queries, keys, "infoNCELoss") else { return .noLoss }
  let logits = matmul(normalized(q), normalized(k).transposed()) / temperature
  let labels = Tensor.counting(q.shape[0], dtype: .i64, device: q.device)
  let forward = crossEntropy(logits: logits, labels: labels, reduction: reduction)
  guard symmetric else { return forward }
  let back = crossEntropy(logits: logits.transposed(), labels: labels, reduction: reduction)
  return (forward + back) * 0.5
}

/// NT-Xent of SimCLR: rows i of `first` and `second`, `[batch, feature]`, are views of one example; each of
/// the 2 · batch vectors shall find its partner among all others by cosine (Chen et al., 2020).
public func ntXentLoss(
  _ first: Tensor, _ second: Tensor, temperature: Tensor = 0.5, reduction: LossReduction = .mean
) -> Tensor {
  guard let (a, b) = rowOperands(first, second, "ntXentLoss") else { return .noLoss }
  let batch = a.shape[0]
  let all = normalized(concatenate([a, b]))
  let cosines = matmul(all, all.transposed()) / temperature
  let places = Tensor.counting(2 * batch, dtype: .i64, device: a.device)
  let isSelf = places.expanded(at: 1) .== places
  let logits = Tensor.where(isSelf, Tensor(-Double.infinity), cosines)
  let partners = fmod(places + Tensor(batch), Tensor(2 * batch))
  return crossEntropy(logits: logits, labels: partners, reduction: reduction)
}

private func targetsFit(_ targets: Tensor, _ vectors: Tensor, _ name: String) -> Bool {
  check(
    vectors.rank >= 1 && targets.shape == Shape(vectors.shape.dropLast()), .shape, name,
    "targets of shape \(targets.shape) do not fit vectors of shape \(vectors.shape)",
    hint: "there is one target for each vector.")
}

private func rowOperands(_ a: Tensor, _ b: Tensor, _ name: String) -> (Tensor, Tensor)? {
  guard let pair = lossOperands(a, b, name),
    check(a.rank == 2, .shape, name, "needs vectors [batch, feature], got shape \(a.shape)")
  else { return nil }
  return pair
}
