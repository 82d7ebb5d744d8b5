// Penalties on weights, to be added to a loss. As gradients only, without a place in the loss:
// `GradientTransform.decay` and `.l1`.

/// factor · Σ|weight| over all elements of the parameters, a scalar (Keras's `L1`).
public func l1Penalty(_ parameters: [Parameter], _ factor: Double) -> Tensor {
  penalty(parameters, factor) { abs($0).sum() }
}

/// factor · Σ weight² over all elements of the parameters, a scalar (Keras's `L2`). Its gradient is
/// that of PyTorch's `weight_decay` of 2 · factor.
public func l2Penalty(_ parameters: [Parameter], _ factor: Double) -> Tensor {
  penalty(parameters, factor) { ($0 * $0).sum() }
}

private func penalty(
  _ parameters: [Parameter], _ factor: Double, _ size: (Tensor) -> Tensor
) -> Tensor {
  let sizes = parameters.map { size($0.value.to($0.dtype.accumulator)) }
  guard let first = sizes.first else { return .zeros([]) }
  return sizes.dropFirst().reduce(first) { $0 + $1 } * Tensor(factor)
}
