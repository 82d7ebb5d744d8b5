// Losses over many classes of which a step sees the right ones and a sample of the others.

import ApusIR

/// The cross-entropy over the right classes and sampled ones in place of all (Jean et al., 2015;
/// TensorFlow's `sampled_softmax_loss`). For training only; evaluate with `crossEntropy`.
///
/// - Parameters:
///   - inputs: `[batch, feature]`
///   - labels: integers `[batch]`, or `[batch, right]` for several equally right classes.
///   - weight: `[class, feature]`
///   - bias: `[class]`
///   - removeAccidentalHits: whether candidates that are right do not count.
public func sampledSoftmaxLoss(
  _ inputs: Tensor, labels: Tensor, weight: Tensor, bias: Tensor? = nil, candidates: Candidates,
  removeAccidentalHits: Bool = true, reduction: LossReduction = .mean
) -> Tensor {
  let sample = SampledLogits(inputs, labels, weight, bias, candidates, removeAccidentalHits)
  guard let sample else { return .noLoss }
  let all = logSoftmax(concatenate([sample.right, sample.sampled], axis: 1))
  return reduction(-all[0..., 0..<sample.right.shape[1]].mean(axis: 1))
}

/// Noise-contrastive estimation: the binary cross-entropies of telling the right classes from sampled
/// noise, summed over them (Gutmann and Hyvärinen, 2010; TensorFlow's `nce_loss`).
///
/// The parameters are those of `sampledSoftmaxLoss`; several right classes share the weight of one.
public func noiseContrastiveLoss(
  _ inputs: Tensor, labels: Tensor, weight: Tensor, bias: Tensor? = nil, candidates: Candidates,
  removeAccidentalHits: Bool = false, reduction: LossReduction = .mean
) -> Tensor {
  let sample = SampledLogits(inputs, labels, weight, bias, candidates, removeAccidentalHits)
  guard let sample else { return .noLoss }
  let share = Tensor(1 / Double(sample.right.shape[1]))
  let right = (softplus(sample.right) - sample.right * share).sum(axis: 1)
  return reduction(right + softplus(sample.sampled).sum(axis: 1))
}

/// Negative sampling of word2vec: -log σ(input · positive) - Σ log σ(-input · negative) of vectors
/// (Mikolov et al., 2013).
///
/// - Parameters:
///   - inputs: `[batch, feature]`
///   - positives: `[batch, feature]`
///   - negatives: `[batch, sampled, feature]`, or `[sampled, feature]` for the whole batch.
public func negativeSamplingLoss(
  _ inputs: Tensor, positives: Tensor, negatives: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  let name = "negativeSamplingLoss"
  guard let (x, p) = lossOperands(inputs, positives, name) else { return .noLoss }
  let isShared = negatives.rank == 2
  let fits =
    x.rank == 2 && (isShared || negatives.rank == 3 && negatives.shape[0] == x.shape[0])
    && negatives.shape.last == x.shape.last
  guard
    check(
      fits, .shape, name,
      "negatives of shape \(negatives.shape) do not fit inputs of shape \(x.shape)",
      hint: "inputs are [batch, feature], negatives [batch, sampled, feature] or [sampled, feature].")
  else { return .noLoss }
  let n = negatives.to(x.dtype).transposed()
  let right = (x * p).sum(axis: 1)
  let wrong = isShared ? matmul(x, n) : matmul(x.expanded(at: 1), n).squeezed(1)
  return reduction(softplus(-right) + softplus(wrong).sum(axis: 1))
}

/// Logits of the right classes, `[batch, right]`, and of the sampled ones, `[batch, sampled]`, less the
/// logarithms of their expected counts.
private struct SampledLogits {
  let right, sampled: Tensor

  init?(
    _ inputs: Tensor, _ labels: Tensor, _ weight: Tensor, _ bias: Tensor?, _ candidates: Candidates,
    _ removesHits: Bool
  ) {
    let batch = inputs.shape.first ?? 0
    let isRight =
      inputs.rank == 2 && weight.rank == 2 && weight.shape[1] == inputs.shape[1]
      && labels.rank >= 1 && labels.rank <= 2 && labels.shape[0] == batch && labels.dtype.isInteger
      && (bias.map { $0.shape == [weight.shape[0]] } ?? true)
    guard
      check(
        weight.shape.first == candidates.classes, .shape, "sampled loss",
        "candidates of \(candidates.classes) classes do not fit a weight of shape \(weight.shape)"),
      check(
        isRight, .shape, "sampled loss",
        "inputs \(inputs.shape), labels \(labels.dtype)\(labels.shape), weight \(weight.shape) and bias "
          + "\(bias.map { "\($0.shape)" } ?? "nil") do not fit",
        hint: "inputs are [batch, feature], labels integers [batch] or [batch, right], weight "
          + "[class, feature], bias [class].")
    else { return nil }
    let x = inputs.forLoss
    let labels = labels.rank == 1 ? labels.expanded(at: 1) : labels
    let ids = candidates.ids
    let rightRows = weight.take(labels).to(x.dtype)
    var right = (x.expanded(at: 1) * rightRows).sum(axis: 2)
    var sampled = matmul(x, weight.take(ids).to(x.dtype).transposed())
    if let bias {
      right = right + bias.take(labels).to(x.dtype)
      sampled = sampled + bias.take(ids).to(x.dtype)
    }
    if removesHits {
      let isHit = (labels.expanded(at: 2) .== ids).any(axis: 1)
      sampled = Tensor.where(isHit, Tensor(-Double.infinity), sampled)
    }
    self.right = right - log(candidates.expectedCount(of: labels)).to(x.dtype)
    self.sampled = sampled - log(candidates.expectedCount(of: ids)).to(x.dtype)
  }
}
