import ApusIR

/// The cross-entropy of a distribution given by unnormalised log-probabilities, `[…, class]`, and
/// the right classes: integers `[…]`, or probabilities of the shape of `logits`
/// (`torch.nn.functional.cross_entropy`).
///
/// - Parameters:
///   - weight: of each class, `[class]`. The mean over integer labels is divided by the weights of the
///     labels, that over probabilities by their number.
///   - ignoreIndex: integer labels of this value do not count, and not in the mean either.
///   - labelSmoothing: the share of the right class that is spread over all classes.
public func crossEntropy(
  logits: Tensor, labels: Tensor, weight: Tensor? = nil, ignoreIndex: Int? = -100,
  labelSmoothing: Double = 0, reduction: LossReduction = .mean
) -> Tensor {
  guard
    check(
      logits.rank >= 1 && logits.dtype.isFloating, .shape, "crossEntropy",
      "logits must be floating-point [..., class], got \(logits.dtype)\(logits.shape)")
  else { return .noLoss }
  let logProbabilities = logSoftmax(logits.forLoss)
  if labels.dtype.isFloating {
    return crossEntropy(logProbabilities, labels, weight, labelSmoothing, reduction)
  }
  let target = LabelTarget(labels, weight, ignoreIndex)
  return target.loss(logProbabilities, labelSmoothing, reduction, "crossEntropy")
}

/// The negative log-likelihood of the right classes, integers `[…]`, under log-probabilities
/// `[…, class]` (`torch.nn.functional.nll_loss`). `weight` and `ignoreIndex` are `crossEntropy`'s.
public func nllLoss(
  _ logProbabilities: Tensor, _ labels: Tensor, weight: Tensor? = nil, ignoreIndex: Int? = -100,
  reduction: LossReduction = .mean
) -> Tensor {
  let target = LabelTarget(labels, weight, ignoreIndex)
  return target.loss(logProbabilities.forLoss, 0, reduction, "nllLoss")
}

private func crossEntropy(
  _ logProbabilities: Tensor, _ probabilities: Tensor, _ weight: Tensor?, _ smoothing: Double,
  _ reduction: LossReduction
) -> Tensor {
  guard
    check(
      probabilities.shape == logProbabilities.shape, .shape, "crossEntropy",
      "probabilities of shape \(probabilities.shape) do not fit logits \(logProbabilities.shape)")
  else { return .noLoss }
  let classes = logProbabilities.shape[logProbabilities.rank - 1]
  var target = probabilities.to(logProbabilities.dtype)
  if smoothing != 0 {
    target = target * Tensor(1 - smoothing) + Tensor(smoothing / Double(classes))
  }
  if let weight {
    guard let weight = classWeights(weight, classes, like: target, "crossEntropy") else {
      return .noLoss
    }
    target = target * weight
  }
  return reduction(-(target * logProbabilities).sum(axis: -1))
}

/// Integer labels with what weighs them.
private struct LabelTarget {
  let labels: Tensor
  let weight: Tensor?
  let ignoreIndex: Int?

  init(_ labels: Tensor, _ weight: Tensor?, _ ignoreIndex: Int?) {
    (self.labels, self.weight) = (labels, weight)
    // In an unsigned dtype a negative number would wrap around to one that is a label.
    let cannotOccur = labels.dtype == .u8 && !(0...255 ~= (ignoreIndex ?? -1))
    self.ignoreIndex = cannotOccur ? nil : ignoreIndex
  }

  func loss(
    _ logProbabilities: Tensor, _ smoothing: Double, _ reduction: LossReduction, _ name: String
  ) -> Tensor {
    guard labelsFit(labels, logProbabilities, name) else { return .noLoss }
    let classes = logProbabilities.shape[logProbabilities.rank - 1]
    var losses = -logProbabilities.gather(labels.expanded(at: -1), axis: -1).squeezed(-1)
    var spread = logProbabilities
    var counts: Tensor?
    if let weight {
      guard let weight = classWeights(weight, classes, like: losses, name) else { return .noLoss }
      let chosen = weight.take(labels)
      losses = losses * chosen
      spread = spread * weight
      counts = chosen
    }
    if smoothing > 0 {
      losses = losses * Tensor(1 - smoothing) - spread.mean(axis: -1) * Tensor(smoothing)
    }
    if let ignoreIndex {
      let isCounted = labels .!= Tensor(ignoreIndex)
      losses = Tensor.where(isCounted, losses, 0)
      counts = counts.map { Tensor.where(isCounted, $0, 0) } ?? isCounted.to(losses.dtype)
    }
    return reduction(losses, total: counts?.sum())
  }
}
