// Hinges: no loss beyond a margin. Where a target says which of two, it is 1 or -1.

import ApusIR

/// The positive part of margin - target · score, on scores and targets 1 or -1 of one shape.
///
/// - Parameter squared: whether it is squared (the loss of an L2 support vector machine).
public func hingeLoss(
  _ scores: Tensor, _ targets: Tensor, margin: Double = 1, squared: Bool = false,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let (x, t) = lossOperands(scores, targets, "hingeLoss") else { return .noLoss }
  let losses = clamp(Tensor(margin) - t * x, 0)
  return reduction(squared ? losses * losses : losses)
}

/// log(1 + exp(-target · score)) on scores and targets 1 or -1 of one shape
/// (`torch.nn.functional.soft_margin_loss`).
public func softMarginLoss(
  _ scores: Tensor, _ targets: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  guard let (x, t) = lossOperands(scores, targets, "softMarginLoss") else { return .noLoss }
  return reduction(softplus(-(t * x)))
}

/// How much the wrong classes come too close to the right one: the sum over them of the positive part of
/// margin - score of the right class + score, to the power `p`, divided by the number of classes, on scores
/// `[…, class]` and integer labels `[…]` (`torch.nn.functional.multi_margin_loss`).
///
/// - Parameters:
///   - p: 1 or 2.
///   - weight: of each class, `[class]`; that of the right class counts.
public func multiMarginLoss(
  _ scores: Tensor, _ labels: Tensor, p: Int = 1, margin: Double = 1, weight: Tensor? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  let name = "multiMarginLoss"
  guard labelsFit(labels, scores, name),
    check(p == 1 || p == 2, .argument, name, "p must be 1 or 2, got \(p)")
  else { return .noLoss }
  let x = scores.forLoss
  let classes = x.shape[x.rank - 1]
  let right = x.gather(labels.expanded(at: -1), axis: -1)
  var hinges = clamp(Tensor(margin) - right + x, 0)
  if p == 2 { hinges = hinges * hinges }
  if let weight {
    guard let weight = classWeights(weight, classes, like: x, name) else { return .noLoss }
    hinges = hinges * weight.take(labels).expanded(at: -1)
  }
  let isRight = labels.oneHot(classes, dtype: .bool)
  return reduction(Tensor.where(isRight, 0, hinges).mean(axis: -1))
}

/// The same for several right classes: the sum over right classes and wrong classes of the positive part
/// of 1 - score of the right + score of the wrong, divided by the number of classes, on scores and
/// integer targets `[…, class]` (`torch.nn.functional.multilabel_margin_loss`).
///
/// - Parameter targets: in each row the right classes, then -1 in any place after them.
public func multilabelMarginLoss(
  _ scores: Tensor, _ targets: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  guard
    check(
      scores.shape == targets.shape && scores.rank >= 1 && targets.dtype.isInteger, .shape,
      "multilabelMarginLoss",
      "targets must be integers of shape \(scores.shape), got \(targets.dtype)\(targets.shape)")
  else { return .noLoss }
  let x = scores.forLoss
  let classes = x.shape[x.rank - 1]
  // What follows the first -1 does not count.
  let isListed = (targets .>= 0).to(.i32).cummin(axis: -1).to(.bool)
  let places = Tensor.where(isListed, targets, -1)
  let isRight = places.oneHot(classes, dtype: .bool).any(axis: -2)
  let right = x.gather(Tensor.where(isListed, targets, 0), axis: -1).expanded(at: -1)
  let hinges = clamp(1 - right + x.expanded(at: -2), 0)
  let counts = isListed.expanded(at: -1) & .!isRight.expanded(at: -2)
  let losses = Tensor.where(counts, hinges, 0).sum(axes: [-2, -1])
  return reduction(losses / Tensor(classes))
}

/// The positive part of margin - target · (first - second): target 1 asks for `first` to be ranked above
/// `second`, -1 for the contrary (`torch.nn.functional.margin_ranking_loss`).
public func marginRankingLoss(
  _ first: Tensor, _ second: Tensor, _ targets: Tensor, margin: Double = 0,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let (a, b) = lossOperands(first, second, "marginRankingLoss"),
    let (_, t) = lossOperands(first, targets, "marginRankingLoss")
  else { return .noLoss }
  return reduction(clamp(Tensor(margin) - t * (a - b), 0))
}

/// A distance itself where the target is 1, the positive part of margin - distance where it is -1
/// (`torch.nn.functional.hinge_embedding_loss`).
public func hingeEmbeddingLoss(
  _ distances: Tensor, _ targets: Tensor, margin: Double = 1, reduction: LossReduction = .mean
) -> Tensor {
  guard let (x, t) = lossOperands(distances, targets, "hingeEmbeddingLoss") else { return .noLoss }
  return reduction(Tensor.where(t .> 0, x, clamp(Tensor(margin) - x, 0)))
}
