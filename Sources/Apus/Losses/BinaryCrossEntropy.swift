// Losses of independent yes-or-no answers; targets are from 0 to 1.

import ApusIR

/// The cross-entropy of probabilities and targets from 0 to 1 of one shape. Logarithms are not let
/// below -100 (`torch.nn.functional.binary_cross_entropy`).
///
/// - Parameter weight: of each loss, broadcast to them; the mean divides by their number all the same.
public func binaryCrossEntropy(
  _ probabilities: Tensor, _ targets: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean
) -> Tensor {
  guard let (p, t) = lossOperands(probabilities, targets, "binaryCrossEntropy") else { return .noLoss }
  let positive = t * clamp(log(p), -100)
  let negative = (1 - t) * clamp(log1p(-p), -100)
  return reduction(weighted(-(positive + negative), weight, "binaryCrossEntropy"))
}

/// The cross-entropy of sigmoid(logits) and targets from 0 to 1, without overflow
/// (`torch.nn.functional.binary_cross_entropy_with_logits`).
///
/// - Parameters:
///   - weight: of each loss, broadcast to them; the mean divides by their number all the same.
///   - positiveWeight: of the positive part, broadcast to the logits (PyTorch's `pos_weight`).
public func binaryCrossEntropyWithLogits(
  _ logits: Tensor, _ targets: Tensor, weight: Tensor? = nil, positiveWeight: Tensor? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  let name = "binaryCrossEntropyWithLogits"
  guard let (x, t) = lossOperands(logits, targets, name) else { return .noLoss }
  guard let positiveWeight else {
    return reduction(weighted(softplus(x) - t * x, weight, name))
  }
  let positive = (positiveWeight.to(x.dtype) - 1) * t + 1
  let losses = (1 - t) * x + positive * softplus(-x)
  return reduction(weighted(losses, weight, name))
}

/// The mean over the classes, the last axis, of the binary cross-entropies of `logits` and `targets`
/// `[…, class]` (`torch.nn.functional.multilabel_soft_margin_loss`).
///
/// - Parameter weight: of each class, `[class]`.
public func multilabelSoftMarginLoss(
  _ logits: Tensor, _ targets: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean
) -> Tensor {
  let name = "multilabelSoftMarginLoss"
  guard let (x, t) = lossOperands(logits, targets, name) else { return .noLoss }
  return reduction(weighted(softplus(x) - t * x, weight, name).mean(axis: -1))
}

/// The binary cross-entropy of sigmoid(logits) with easy examples weighed down by (1 - p)^gamma, where p
/// is the probability of the right answer (Lin et al., 2017; `torchvision.ops.sigmoid_focal_loss`).
///
/// - Parameters:
///   - alpha: the weight of positive targets, 1 - alpha that of negative ones; none if nil.
///   - reduction: by default none, as in torchvision: detectors divide by the number of matched boxes.
public func sigmoidFocalLoss(
  _ logits: Tensor, _ targets: Tensor, alpha: Double? = 0.25, gamma: Double = 2,
  reduction: LossReduction = .none
) -> Tensor {
  guard let (x, t) = lossOperands(logits, targets, "sigmoidFocalLoss") else { return .noLoss }
  let p = sigmoid(x)
  let wrong = p * (1 - t) + (1 - p) * t
  var losses = (softplus(x) - t * x) * pow(wrong, Tensor(gamma))
  if let alpha { losses = losses * (Tensor(alpha) * t + Tensor(1 - alpha) * (1 - t)) }
  return reduction(losses)
}

/// 1 - 2·|P ∩ T| / (|P| + |T|) for each class of each example, on probabilities and targets
/// `[batch, spatial…, class]`; the losses are `[batch, class]` (Milletari et al., 2016).
///
/// - Parameter smooth: added to numerator and denominator, so that a class that is absent from both has no
///   loss.
public func diceLoss(
  _ probabilities: Tensor, _ targets: Tensor, smooth: Double = 1e-5,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let (p, t) = lossOperands(probabilities, targets, "diceLoss"),
    check(
      p.rank >= 3, .shape, "diceLoss", "needs [batch, spatial..., class], got shape \(p.shape)")
  else { return .noLoss }
  let spatial = Array(1..<(p.rank - 1))
  let overlap = (p * t).sum(axes: spatial)
  let sizes = p.sum(axes: spatial) + t.sum(axes: spatial)
  return reduction(1 - (overlap * 2 + Tensor(smooth)) / (sizes + Tensor(smooth)))
}

private func weighted(_ losses: Tensor, _ weight: Tensor?, _ name: String) -> Tensor {
  guard let weight else { return losses }
  guard
    check(
      weight.shape.broadcasts(to: losses.shape), .shape, name,
      "weights of shape \(weight.shape) cannot be broadcast to \(losses.shape)")
  else { return losses }
  return losses * weight.to(losses.dtype)
}
