import ApusIR

/// The losses of the two players of a generative adversarial network. The discriminator's outputs are
/// unnormalised scores of any shape, high for real examples.
public enum AdversarialLoss: String, CaseIterable, Sendable {
  /// Binary cross-entropies; the generator maximises log σ(score) (Goodfellow et al., 2014).
  case nonSaturating
  /// Half the squared distances from 1 for real and 0 for fake (Mao et al., 2017).
  case leastSquares
  /// The positive parts of 1 - score and 1 + score (Lim and Ye, 2017; Miyato et al., 2018).
  case hinge
  /// The difference of the means (Arjovsky et al., 2017); the discriminator needs `gradientPenalty`.
  case wasserstein

  /// What the discriminator minimises, a scalar. Detach what the generator made: `fake` comes from
  /// `discriminator(examples.detached)`.
  public func discriminator(real: Tensor, fake: Tensor) -> Tensor {
    let (real, fake) = (real.forLoss, fake.forLoss)
    switch self {
    case .nonSaturating: return softplus(-real).mean() + softplus(fake).mean()
    case .leastSquares:
      let miss = real - 1
      return ((miss * miss).mean() + (fake * fake).mean()) * 0.5
    case .hinge: return relu(1 - real).mean() + relu(1 + fake).mean()
    case .wasserstein: return fake.mean() - real.mean()
    }
  }

  /// What the generator minimises, a scalar.
  public func generator(fake: Tensor) -> Tensor {
    let fake = fake.forLoss
    switch self {
    case .nonSaturating: return softplus(-fake).mean()
    case .leastSquares:
      let miss = fake - 1
      return (miss * miss).mean() * 0.5
    case .hinge, .wasserstein: return -fake.mean()
    }
  }
}

/// The mean of (|gradient of the discriminator| - center)² at points between real and fake examples, to be
/// added to the discriminator's loss, usually ten times (Gulrajani et al., 2017).
///
/// - Parameters:
///   - real: `[batch, …]`
///   - fake: of the same shape, detached.
///   - center: 1, or 0 for the zero-centred penalty.
///   - mix: `[batch]`, the share of the real example in each point; uniform in 0..<1 if nil.
/// - Throws: `TensorError` where an operation of the discriminator has no gradient.
public func gradientPenalty(
  real: Tensor, fake: Tensor, center: Double = 1, mix: Tensor? = nil,
  _ discriminator: (Tensor) -> Tensor
) throws(TensorError) -> Tensor {
  guard let (r, f) = lossOperands(real, fake, "gradientPenalty"),
    check(
      r.rank >= 2, .shape, "gradientPenalty", "needs examples [batch, ...], got shape \(real.shape)")
  else { return .noLoss }
  let batch = r.shape[0]
  let share = (mix ?? .uniform([batch])).to(r.dtype)
  guard
    check(
      share.shape == [batch], .shape, "gradientPenalty",
      "shares of shape \(share.shape) do not fit \(batch) examples")
  else { return .noLoss }
  let each = share.reshaped(Shape([batch] + Array(repeating: 1, count: r.rank - 1)))
  let points = (r * each + f * (1 - each)).detached
  let slopes = try gradient(at: points) { discriminator($0).sum() }
  let flat = slopes.flattened(from: 1)
  // The root of 0 has no finite gradient.
  let lengths = sqrt((flat * flat).sum(axis: 1) + 1e-12)
  let misses = lengths - Tensor(center)
  return (misses * misses).mean()
}
