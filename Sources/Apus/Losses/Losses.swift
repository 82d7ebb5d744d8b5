// Losses. 16-bit floating types are computed in f32.

import ApusIR

/// What to make of the losses of the single elements.
public enum LossReduction: String, CaseIterable, Sendable {
  case mean, sum, none

  func callAsFunction(_ losses: Tensor) -> Tensor {
    switch self {
    case .mean: losses.mean()
    case .sum: losses.sum()
    case .none: losses
    }
  }
}

/// The cross-entropy of a distribution given by unnormalised log-probabilities, `[…, class]`, and
/// the right classes: integers `[…]`, or probabilities of the shape of `logits`.
///
/// - Parameters:
///   - labelSmoothing: the share of the right class that is spread over all classes.
///   - ignoring: integer labels of this value do not count, and not in the mean either.
public func crossEntropy(
  logits: Tensor, labels: Tensor, labelSmoothing: Double = 0, ignoring: Int? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  guard
    check(
      logits.rank >= 1 && logits.dtype.isFloating, .shape, "crossEntropy",
      "logits must be floating-point [..., class], got \(logits.dtype)\(logits.shape)")
  else { return .standIn(TensorType(.f32, [])) }
  let logProbabilities = logSoftmax(logits.to(logits.dtype.accumulator))
  let classes = logits.shape[logits.rank - 1]
  if labels.dtype.isFloating {
    guard
      check(
        labels.shape == logits.shape, .shape, "crossEntropy",
        "probabilities of shape \(labels.shape) do not fit logits \(logits.shape)")
    else { return .standIn(TensorType(.f32, [])) }
    let target = smoothed(labels, labelSmoothing, classes)
    let losses = -(target * logProbabilities).sum(axis: -1)
    return reduction(losses)
  }
  guard
    check(
      labels.shape == Shape(logits.shape.dropLast()), .shape, "crossEntropy",
      "labels of shape \(labels.shape) do not fit logits \(logits.shape)",
      hint: "labels are integers with one axis less than logits."),
    check(
      labels.dtype.isInteger, .dtype, "crossEntropy", "labels must be integers, got \(labels.dtype)")
  else { return .standIn(TensorType(.f32, [])) }
  let chosen = logProbabilities.gather(labels.expanded(at: -1), axis: -1).squeezed(-1)
  var losses = -chosen
  if labelSmoothing > 0 {
    let uniform = -logProbabilities.mean(axis: -1)
    losses = losses * Tensor(1 - labelSmoothing) + uniform * Tensor(labelSmoothing)
  }
  guard let ignoring else { return reduction(losses) }
  let counts = labels .!= Tensor(ignoring)
  let counted = Tensor.where(counts, losses, 0)
  guard reduction == .mean else { return reduction(counted) }
  return counted.sum() / counts.to(losses.dtype).sum()
}

private func smoothed(_ labels: Tensor, _ smoothing: Double, _ classes: Int) -> Tensor {
  if smoothing == 0 { return labels }
  return labels * Tensor(1 - smoothing) + Tensor(smoothing / Double(classes))
}

/// The mean squared error.
public func meanSquaredError(
  _ predictions: Tensor, _ targets: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  let error = difference(predictions, targets, "meanSquaredError")
  return reduction(error * error)
}

/// The mean absolute error.
public func meanAbsoluteError(
  _ predictions: Tensor, _ targets: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  reduction(abs(difference(predictions, targets, "meanAbsoluteError")))
}

/// Shapes must be equal: a silent broadcast of `[n]` against `[n, 1]` would be a wrong loss.
private func difference(_ a: Tensor, _ b: Tensor, _ name: String) -> Tensor {
  guard sameShape(a, b, name) else { return a }
  let pair = Tensor.matched([a, b], name, floating: true)
  let wide = pair.map { $0.to($0.dtype.accumulator) }
  return wide[0] - wide[1]
}

private func sameShape(_ a: Tensor, _ b: Tensor, _ name: String) -> Bool {
  check(
    a.shape == b.shape, .shape, name,
    "predictions of shape \(a.shape) and targets of shape \(b.shape) differ",
    hint: "reshape one of them; a loss does not broadcast.")
}

/// The cross-entropy of probabilities and targets from 0 to 1. Logarithms are not let below -100,
/// as in PyTorch.
public func binaryCrossEntropy(
  _ probabilities: Tensor, _ targets: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  guard sameShape(probabilities, targets, "binaryCrossEntropy") else { return probabilities }
  let p = probabilities.to(probabilities.dtype.accumulator)
  let t = targets.to(p.dtype)
  let positive = t * clamp(log(p), -100)
  let negative = (1 - t) * clamp(log1p(-p), -100)
  return reduction(-(positive + negative))
}

/// The cross-entropy of sigmoid(logits) and targets from 0 to 1, without overflow.
public func binaryCrossEntropyWithLogits(
  _ logits: Tensor, _ targets: Tensor, positiveWeight: Tensor? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  guard sameShape(logits, targets, "binaryCrossEntropyWithLogits") else { return logits }
  let x = logits.to(logits.dtype.accumulator)
  let t = targets.to(x.dtype)
  guard let positiveWeight else { return reduction(softplus(x) - t * x) }
  let weight = (positiveWeight - 1) * t + 1
  return reduction((1 - t) * x + weight * softplus(-x))
}
