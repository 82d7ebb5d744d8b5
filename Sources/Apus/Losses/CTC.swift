import ApusIR

/// Connectionist temporal classification: the negative log-likelihood of a sequence of labels under
/// log-probabilities of each time, summed over all alignments (Graves et al., 2006;
/// `torch.nn.functional.ctc_loss`, whose first two axes are exchanged).
///
/// Time and memory are O(batch · time · label): the recursion is one `scan` over time in log space.
///
/// - Parameters:
///   - logProbabilities: `[batch, time, class]`, of a `logSoftmax`.
///   - targets: integers `[batch, label]` without blanks; what stands beyond a sequence's length is not
///     read.
///   - inputLengths: integers `[batch]`: how many times of each sequence count.
///   - targetLengths: integers `[batch]`: how many labels of each sequence count.
///   - blank: the class that stands for no label.
///   - reduction: the mean is that of the losses divided by the number of labels, at least 1.
///   - zeroInfinity: whether a sequence with no alignment, because it is too short for its labels, has loss
///     0 in place of infinity. It has no gradient in either case.
public func ctcLoss(
  _ logProbabilities: Tensor, _ targets: Tensor, inputLengths: Tensor, targetLengths: Tensor,
  blank: Int = 0, reduction: LossReduction = .mean, zeroInfinity: Bool = false
) -> Tensor {
  guard
    ctcOperandsFit(logProbabilities, targets, [inputLengths, targetLengths], blank)
  else { return .noLoss }
  let x = logProbabilities.forLoss
  let alignment = CTCAlignment(targets.to(.i64), blank)
  let lengths = targetLengths.to(.i64)
  let likelihood = alignment.logLikelihood(x, inputLengths.to(.i64), lengths)
  let isImpossible = likelihood .< Tensor(CTCAlignment.logZero / 2)
  let losses = Tensor.where(isImpossible, Tensor(zeroInfinity ? 0 : Double.infinity), -likelihood)
  guard reduction == .mean else { return reduction(losses) }
  return (losses / maximum(lengths, 1).to(losses.dtype)).mean()
}

/// The labels with a blank before, between and behind them: what alignments go through.
private struct CTCAlignment {
  /// In place of minus infinity, whose differences are no numbers; no likelihood comes near.
  static let logZero = -1e30

  /// `[batch, 2 · label + 1]`
  let states: Tensor
  /// 0 where a state may be reached from the one before the last, else the logarithm of zero.
  let skip: Tensor

  init(_ targets: Tensor, _ blank: Int) {
    let (batch, count) = (targets.shape[0], targets.shape[1])
    let blanks = targets.filledLike(blank)
    let pairs = stack([blanks, targets], axis: 2).reshaped(batch, 2 * count)
    states = pairs.padded([(0, 0), (0, 1)], .constant(Double(blank)))
    let mayNotSkip =
      (states .== Tensor(blank)) | (states .== shifted(states, by: 2, filling: Double(blank)))
    let zeros = states.filledLike(0, dtype: .f32)
    skip = Tensor.where(mayNotSkip, Tensor(CTCAlignment.logZero), zeros)
  }

  /// `[batch]`, of log-probabilities `[batch, time, class]`.
  func logLikelihood(_ x: Tensor, _ inputLengths: Tensor, _ targetLengths: Tensor) -> Tensor {
    let (batch, times, width) = (x.shape[0], x.shape[1], states.shape[1])
    let places = states.expanded(at: 1).expanded(to: [batch, times, width])
    let emissions = x.gather(places, axis: 2).transposed(0, 1)
    let round = Tensor.counting(times, dtype: .i64, device: x.device)
    let isInside = round.expanded(at: 1) .< inputLengths
    let skip = skip.to(x.dtype)
    // Before the first time only the first state is reached.
    let first = Tensor.index(along: 1, states.shape, device: x.device) .== 0
    let start = Tensor.where(first, 0, Tensor(CTCAlignment.logZero)).to(x.dtype)
    let (end, _) = scan(carry: [start], over: [emissions, isInside]) { carry, slices in
      let alpha = carry[0]
      let one = shifted(alpha, by: 1, filling: CTCAlignment.logZero)
      let two = shifted(alpha, by: 2, filling: CTCAlignment.logZero)
      let next = logAddExp([alpha, one, two + skip]) + slices[0]
      return ([Tensor.where(slices[1].expanded(at: 1), next, alpha)], [])
    }
    let lastBlank = (targetLengths * 2).expanded(at: 1)
    let lastLabel = maximum(lastBlank - 1, 0)
    let blankEnd = end[0].gather(lastBlank, axis: 1).squeezed(1)
    let labelEnd = end[0].gather(lastLabel, axis: 1).squeezed(1)
    let isEmpty = targetLengths .== 0
    return logAddExp([blankEnd, Tensor.where(isEmpty, Tensor(CTCAlignment.logZero), labelEnd)])
  }

  private func logAddExp(_ x: [Tensor]) -> Tensor {
    let greatest = x.dropFirst().reduce(x[0]) { maximum($0, $1) }.detached
    let powers = x.map { exp($0 - greatest) }
    return log(powers.dropFirst().reduce(powers[0]) { $0 + $1 }) + greatest
  }
}

/// Each row moved to the right.
private func shifted(_ x: Tensor, by count: Int, filling value: Double) -> Tensor {
  x.padded([(0, 0), (count, 0)], .constant(value))[0..., 0..<x.shape[1]]
}

private func ctcOperandsFit(
  _ x: Tensor, _ targets: Tensor, _ lengths: [Tensor], _ blank: Int
) -> Bool {
  let isRight = x.rank == 3 && targets.rank == 2 && targets.shape[0] == x.shape[0]
  guard
    check(
      isRight && x.dtype.isFloating, .shape, "ctcLoss",
      "needs log-probabilities [batch, time, class] and targets [batch, label], got \(x.shape) and "
        + "\(targets.shape)"),
    check(
      0..<x.shape[2] ~= blank, .argument, "ctcLoss",
      "the blank \(blank) is none of \(x.shape[2]) classes")
  else { return false }
  return lengths.allSatisfy {
    check(
      $0.shape == [x.shape[0]] && $0.dtype.isInteger && targets.dtype.isInteger, .shape, "ctcLoss",
      "lengths must be integers [batch] = [\(x.shape[0])] and targets integers, got "
        + "\($0.dtype)\($0.shape) and \(targets.dtype)")
  }
}
