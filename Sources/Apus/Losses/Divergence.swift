import ApusIR

/// The Kullback-Leibler divergence of the distributions `targets` from those with the log-probabilities
/// `logProbabilities`, element by element: targets · (log(targets) - logProbabilities)
/// (`torch.nn.functional.kl_div`).
///
/// - Parameters:
///   - logTarget: whether `targets` are logarithms too.
///   - reduction: `.batchMean` is the divergence of the definition; `.mean` divides by the number of
///     elements, as PyTorch's default does.
public func klDivergence(
  _ logProbabilities: Tensor, _ targets: Tensor, logTarget: Bool = false,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let (x, t) = lossOperands(logProbabilities, targets, "klDivergence") else { return .noLoss }
  if logTarget { return reduction(exp(t) * (t - x)) }
  // 0 · log(0) is 0.
  let positive = Tensor.where(t .> 0, t, 1)
  return reduction(t * log(positive) - t * x)
}
