// What all losses share. 16-bit floating types are computed in f32, and the loss is f32.

import ApusIR

/// What to make of the losses of the single elements.
public enum LossReduction: String, CaseIterable, Sendable {
  case mean, sum, none
  /// The sum divided by the extent of the first axis, which is the definition of a mean divergence.
  case batchMean

  /// - Parameter total: what the mean divides by, if not the number of losses.
  func callAsFunction(_ losses: Tensor, total: Tensor? = nil) -> Tensor {
    switch self {
    case .mean: total.map { losses.sum() / $0 } ?? losses.mean()
    case .sum: losses.sum()
    case .none: losses
    case .batchMean: losses.sum() / Tensor(losses.shape.first ?? 1)
    }
  }
}

extension Tensor {
  /// In the dtype that losses are computed in.
  var forLoss: Tensor {
    let floating = asFloating
    return floating.to(floating.dtype.accumulator)
  }
}

/// Predictions and targets of one shape, in the dtype that losses are computed in; nil where the shapes
/// differ: a silent broadcast of `[n]` against `[n, 1]` would be a wrong loss.
func lossOperands(
  _ predictions: Tensor, _ targets: Tensor, _ name: String
) -> (predictions: Tensor, targets: Tensor)? {
  guard
    check(
      predictions.shape == targets.shape, .shape, name,
      "predictions of shape \(predictions.shape) and targets of shape \(targets.shape) differ",
      hint: "reshape one of them; a loss does not broadcast.")
  else { return nil }
  let pair = Tensor.matched([predictions, targets], name, floating: true)
  return (pair[0].forLoss, pair[1].forLoss)
}

/// Whether `labels` are integers with the axes of `scores` but the last.
func labelsFit(_ labels: Tensor, _ scores: Tensor, _ name: String) -> Bool {
  check(
    scores.rank >= 1 && labels.shape == Shape(scores.shape.dropLast()), .shape, name,
    "labels of shape \(labels.shape) do not fit logits \(scores.shape)",
    hint: "labels are integers with one axis less than logits.")
    && check(
      labels.dtype.isInteger, .dtype, name, "labels must be integers, got \(labels.dtype)")
}

/// Weights of classes in the dtype of `losses`; nil where their shape does not fit.
func classWeights(
  _ weight: Tensor, _ classes: Int, like losses: Tensor, _ name: String
) -> Tensor? {
  guard
    check(
      weight.shape == [classes], .shape, name,
      "weights of shape \(weight.shape) do not fit \(classes) classes")
  else { return nil }
  return weight.to(losses.dtype)
}

extension Tensor {
  /// Zero in place of a loss that could not be made.
  static var noLoss: Tensor { .standIn(TensorType(.f32, [])) }
}
