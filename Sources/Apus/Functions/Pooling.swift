// Pooling over the spatial axes of `[batch, spatial…, channel]`. The stride is the window unless it is
// given.

import ApusIR

private func window(
  _ x: Tensor, _ size: PerAxis, _ stride: PerAxis?, _ padding: PerAxis, _ dilation: PerAxis,
  rank: Int, _ name: String
) -> Window {
  let sizes = size.expanded(rank, name)
  let widths = padding.expanded(rank, name)
  return Window(
    sizes: sizes, strides: stride?.expanded(rank, name) ?? sizes,
    dilations: dilation.expanded(rank, name), low: widths, high: widths)
}

private func maxPool(
  _ x: Tensor, _ size: PerAxis, _ stride: PerAxis?, _ padding: PerAxis, _ dilation: PerAxis,
  rank: Int
) -> Tensor {
  let name = "maxPool\(rank)D"
  let window = window(x, size, stride, padding, dilation, rank: rank, name)
  return Tensor.apply(.windowReduce(.maximum, window), [x], as: name)
}

private func averagePool(
  _ x: Tensor, _ size: PerAxis, _ stride: PerAxis?, _ padding: PerAxis, countsPadding: Bool,
  rank: Int
) -> Tensor {
  let name = "averagePool\(rank)D"
  let window = window(x, size, stride, padding, 1, rank: rank, name)
  let total = Tensor.apply(.windowReduce(.sum, window), [x], as: name)
  if countsPadding || window.low.allSatisfy({ $0 == 0 }) {
    return total / Tensor(window.sizes.reduce(1, *))
  }
  let ones = x[0..<1, .ellipsis, 0..<1].onesLike()
  return total / Tensor.apply(.windowReduce(.sum, window), [ones], as: name)
}

/// The greatest element under each window; the padding never wins.
public func maxPool1D(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  dilation: PerAxis = 1
) -> Tensor { maxPool(x, window, stride, padding, dilation, rank: 1) }

/// The greatest element under each window; the padding never wins.
public func maxPool2D(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  dilation: PerAxis = 1
) -> Tensor { maxPool(x, window, stride, padding, dilation, rank: 2) }

/// The greatest element under each window; the padding never wins.
public func maxPool3D(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  dilation: PerAxis = 1
) -> Tensor { maxPool(x, window, stride, padding, dilation, rank: 3) }

/// The mean of the elements under each window. The padding counts as zeros unless `countsPadding`
/// is false.
public func averagePool1D(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  countsPadding: Bool = true
) -> Tensor { averagePool(x, window, stride, padding, countsPadding: countsPadding, rank: 1) }

/// The mean of the elements under each window. The padding counts as zeros unless `countsPadding`
/// is false.
public func averagePool2D(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  countsPadding: Bool = true
) -> Tensor { averagePool(x, window, stride, padding, countsPadding: countsPadding, rank: 2) }

/// The mean of the elements under each window. The padding counts as zeros unless `countsPadding`
/// is false.
public func averagePool3D(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  countsPadding: Bool = true
) -> Tensor { averagePool(x, window, stride, padding, countsPadding: countsPadding, rank: 3) }

/// The mean over all spatial axes: `[batch, spatial…, channel]` becomes `[batch, channel]`.
public func globalAveragePool(_ x: Tensor) -> Tensor {
  guard spatial(x, "globalAveragePool") else { return x }
  return x.mean(axes: Array(1..<(x.rank - 1)))
}

/// The greatest element over all spatial axes: `[batch, spatial…, channel]` becomes
/// `[batch, channel]`.
public func globalMaxPool(_ x: Tensor) -> Tensor {
  guard spatial(x, "globalMaxPool") else { return x }
  return x.max(axes: Array(1..<(x.rank - 1)))
}

private func spatial(_ x: Tensor, _ name: String) -> Bool {
  check(
    x.rank >= 3, .shape, name, "shape \(x.shape) has no spatial axis",
    hint: "activations are channels-last, [batch, spatial…, channel].")
}
