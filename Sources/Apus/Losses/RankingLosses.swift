// Losses of the order of scores.

import ApusIR

/// Bayesian personalised ranking: -log σ(positive - negative) on scores of one shape (Rendle et al., 2009).
public func bprLoss(
  _ positive: Tensor, _ negative: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  guard let (p, n) = lossOperands(positive, negative, "bprLoss") else { return .noLoss }
  return reduction(softplus(n - p))
}

/// log(1 + exp(-sigma · (score of i - score of j))) for all pairs in which i is more relevant than j, on
/// scores and relevances `[…, item]` (RankNet; Burges et al., 2005).
///
/// - Parameters:
///   - mask: `bool` of the same shape: which items exist.
///   - reduction: the mean is over the pairs, 0 where there are none; the losses themselves, 0 where no pair
///     is, are `[…, item i, item j]`.
public func rankNetLoss(
  _ scores: Tensor, relevances: Tensor, mask: Tensor? = nil, sigma: Double = 1,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let (s, r) = lossOperands(scores, relevances, "rankNetLoss"), maskFits(mask, s, "rankNetLoss")
  else { return .noLoss }
  let lead = s.expanded(at: -1) - s.expanded(at: -2)
  var isPair = r.expanded(at: -1) .> r.expanded(at: -2)
  if let mask { isPair = isPair & mask.expanded(at: -1) & mask.expanded(at: -2) }
  let losses = Tensor.where(isPair, softplus(lead * Tensor(-sigma)), 0)
  return reduction(losses, total: maximum(isPair.to(s.dtype).sum(), 1))
}

/// The cross-entropy of the softmax of scores against that of relevances, both `[…, item]` (ListNet with
/// top-one probabilities; Cao et al., 2007).
///
/// - Parameter mask: `bool` of the same shape: which items exist; a list needs at least one.
public func listNetLoss(
  _ scores: Tensor, relevances: Tensor, mask: Tensor? = nil, reduction: LossReduction = .mean
) -> Tensor {
  guard let (s, r) = lossOperands(scores, relevances, "listNetLoss"), maskFits(mask, s, "listNetLoss")
  else { return .noLoss }
  // Finite, because 0 · -∞ is no number.
  func existing(_ x: Tensor) -> Tensor { mask.map { Tensor.where($0, x, -1e30) } ?? x }
  return crossEntropy(logits: existing(s), labels: softmax(existing(r)), reduction: reduction)
}

private func maskFits(_ mask: Tensor?, _ scores: Tensor, _ name: String) -> Bool {
  guard let mask else { return true }
  return check(
    mask.shape == scores.shape && mask.dtype == .bool, .shape, name,
    "the mask must be bool of shape \(scores.shape), got \(mask.dtype)\(mask.shape)")
}
