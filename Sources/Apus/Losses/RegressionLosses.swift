// Distances of predictions from targets of the same shape, and likelihoods of them.

import ApusIR

/// The mean squared error (`torch.nn.functional.mse_loss`).
///
/// - Parameter weight: of each element; the mean divides by their sum.
public func meanSquaredError(
  _ predictions: Tensor, _ targets: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean
) -> Tensor {
  let name = "meanSquaredError"
  guard let error = difference(predictions, targets, name) else { return .noLoss }
  return weightedMean(error * error, weight, reduction, name)
}

/// The mean absolute error (`torch.nn.functional.l1_loss`).
///
/// - Parameter weight: of each element; the mean divides by their sum.
public func meanAbsoluteError(
  _ predictions: Tensor, _ targets: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean
) -> Tensor {
  let name = "meanAbsoluteError"
  guard let error = difference(predictions, targets, name) else { return .noLoss }
  return weightedMean(abs(error), weight, reduction, name)
}

/// Half the squared error, divided by `beta`, where the error is below `beta`; above, the absolute error
/// less beta / 2 (`torch.nn.functional.smooth_l1_loss`).
public func smoothL1Loss(
  _ predictions: Tensor, _ targets: Tensor, beta: Double = 1, reduction: LossReduction = .mean
) -> Tensor {
  guard let error = difference(predictions, targets, "smoothL1Loss"),
    check(beta >= 0, .argument, "smoothL1Loss", "beta must not be negative, got \(beta)")
  else { return .noLoss }
  let size = abs(error)
  if beta == 0 { return reduction(size) }
  let square = error * error * Tensor(0.5 / beta)
  return reduction(Tensor.where(size .< Tensor(beta), square, size - Tensor(0.5 * beta)))
}

/// Half the squared error up to an error of `delta`; above, delta · (error - delta / 2)
/// (`torch.nn.functional.huber_loss`).
///
/// - Parameter weight: of each element; the mean divides by their number, as in PyTorch.
public func huberLoss(
  _ predictions: Tensor, _ targets: Tensor, delta: Double = 1, weight: Tensor? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let error = difference(predictions, targets, "huberLoss"),
    check(delta > 0, .argument, "huberLoss", "delta must be positive, got \(delta)"),
    weightFits(weight, error, "huberLoss")
  else { return .noLoss }
  let size = abs(error)
  let linear = (size - Tensor(0.5 * delta)) * Tensor(delta)
  let losses = Tensor.where(size .<= Tensor(delta), error * error * 0.5, linear)
  return reduction(weight.map { losses * $0.to(losses.dtype) } ?? losses)
}

/// The negative log-likelihood of counts under Poisson distributions with rate exp(predictions), or
/// `predictions` itself unless `logInput` (`torch.nn.functional.poisson_nll_loss`).
///
/// - Parameters:
///   - full: with Stirling's approximation of log(targets!) where targets are above 1.
///   - epsilon: added to rates before their logarithm.
public func poissonNLLLoss(
  _ predictions: Tensor, _ targets: Tensor, logInput: Bool = true, full: Bool = false,
  epsilon: Double = 1e-8, reduction: LossReduction = .mean
) -> Tensor {
  guard let (x, t) = lossOperands(predictions, targets, "poissonNLLLoss") else { return .noLoss }
  var losses = logInput ? exp(x) - t * x : x - t * log(x + Tensor(epsilon))
  if full {
    let isLarge = t .> 1
    let count = Tensor.where(isLarge, t, 1)
    let stirling = count * log(count) - count + log(count * Tensor(2 * Double.pi)) * 0.5
    losses = losses + Tensor.where(isLarge, stirling, 0)
  }
  return reduction(losses)
}

/// The negative log-likelihood of targets under normal distributions with the predictions as means
/// (`torch.nn.functional.gaussian_nll_loss`).
///
/// - Parameters:
///   - variance: of the shape of the predictions, or with last extent 1, or without the last axis. Values
///     below `epsilon` count as `epsilon`, and their gradient is taken there.
///   - full: with the constant log(2π) / 2.
public func gaussianNLLLoss(
  _ predictions: Tensor, _ targets: Tensor, variance: Tensor, full: Bool = false, epsilon: Double = 1e-6,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let error = difference(predictions, targets, "gaussianNLLLoss") else { return .noLoss }
  var given = variance.number.map { error.filledLike($0.double) } ?? variance.to(error.dtype)
  if error.rank > 0 && given.shape == Shape(error.shape.dropLast()) { given = given.expanded(at: -1) }
  guard
    check(
      given.rank == error.rank && given.shape.broadcasts(to: error.shape), .shape, "gaussianNLLLoss",
      "variances of shape \(variance.shape) do not fit predictions \(predictions.shape)")
  else { return .noLoss }
  let bounded = given + (clamp(given, Tensor(epsilon)) - given).detached
  var losses = (log(bounded) + error * error / bounded) * 0.5
  if full { losses = losses + Tensor(0.9189385332046727) }
  return reduction(losses)
}

private func difference(_ predictions: Tensor, _ targets: Tensor, _ name: String) -> Tensor? {
  lossOperands(predictions, targets, name).map { $0.predictions - $0.targets }
}

private func weightFits(_ weight: Tensor?, _ losses: Tensor, _ name: String) -> Bool {
  guard let weight else { return true }
  return check(
    weight.shape == losses.shape, .shape, name,
    "weights of shape \(weight.shape) and predictions of shape \(losses.shape) differ")
}

private func weightedMean(
  _ losses: Tensor, _ weight: Tensor?, _ reduction: LossReduction, _ name: String
) -> Tensor {
  guard let weight else { return reduction(losses) }
  guard weightFits(weight, losses, name) else { return .noLoss }
  let weights = weight.to(losses.dtype)
  return reduction(losses * weights, total: weights.sum())
}
