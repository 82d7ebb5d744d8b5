// Pooling over the spatial axes of `[batch, spatial…, channel]`. The stride is the window unless it is
// given. With `ceilMode` the last window may reach beyond the end, if it begins before.

import ApusIR

/// A window over `rank` spatial axes of `x`; nil where it does not fit them.
private func makeWindow(
  _ x: Tensor, _ size: PerAxis, _ stride: PerAxis?, _ padding: PerAxis, _ dilation: PerAxis,
  ceilMode: Bool, rank: Int, _ name: String
) -> Window? {
  let sizes = size.expanded(rank, name)
  let widths = padding.expanded(rank, name)
  var window = Window(
    sizes: sizes, strides: stride?.expanded(rank, name) ?? sizes,
    dilations: dilation.expanded(rank, name), low: widths, high: widths)
  let reaches = (0..<rank).map { window.dilations[$0] * (sizes[$0] - 1) + 1 }
  guard
    check(
      (0..<rank).allSatisfy { widths[$0] * 2 <= reaches[$0] }, .argument, name,
      "the padding \(widths) is more than half the window \(sizes)")
  else { return nil }
  guard ceilMode, x.rank == rank + 2, window.strides.allSatisfy({ $0 > 0 }) else { return window }
  for axis in 0..<rank {
    let (extent, stride) = (x.shape[axis + 1], window.strides[axis])
    let room = extent + 2 * widths[axis] - reaches[axis]
    guard room > 0, room % stride != 0 else { continue }
    let last = (room / stride + 1) * stride
    if last < extent + widths[axis] { window.high[axis] += last - room }
  }
  return window
}

private func maxPool(
  _ x: Tensor, _ size: PerAxis, _ stride: PerAxis?, _ padding: PerAxis, _ dilation: PerAxis,
  _ ceilMode: Bool, rank: Int
) -> Tensor {
  let name = "maxPool\(rank)D"
  guard
    let window = makeWindow(
      x, size, stride, padding, dilation, ceilMode: ceilMode, rank: rank, name)
  else { return x }
  return Tensor.apply(.windowReduce(.maximum, window), [x], as: name)
}

private func averagePool(
  _ x: Tensor, _ size: PerAxis, _ stride: PerAxis?, _ padding: PerAxis, _ ceilMode: Bool,
  _ countsPadding: Bool, _ divisorOverride: Int?, rank: Int
) -> Tensor {
  let name = "averagePool\(rank)D"
  guard
    let window = makeWindow(x, size, stride, padding, 1, ceilMode: ceilMode, rank: rank, name)
  else { return x }
  let total = Tensor.apply(.windowReduce(.sum, window), [x], as: name)
  if let divisorOverride {
    check(divisorOverride != 0, .argument, name, "the divisor must not be zero")
    return total / Tensor(divisorOverride)
  }
  guard x.rank == rank + 2, total.rank == x.rank else { return total }
  var result = total
  for axis in 0..<rank {
    let width = countsPadding ? window.low[axis] : 0
    let bounds = -width..<(x.shape[axis + 1] + width)
    let counts = (0..<total.shape[axis + 1]).map { index in
      let start = index * window.strides[axis] - window.low[axis]
      return (start..<(start + window.sizes[axis])).clamped(to: bounds).count
    }
    guard let first = counts.first else { continue }
    if counts.allSatisfy({ $0 == first }) {
      result = result / Tensor(first)
    } else {
      let extents = (0..<x.rank).map { $0 == axis + 1 ? counts.count : 1 }
      result = result / Tensor(counts, dtype: x.asFloating.dtype).reshaped(Shape(extents))
    }
  }
  return result
}

/// The greatest element under each window; the padding never wins.
public func maxPool1D(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  dilation: PerAxis = 1, ceilMode: Bool = false
) -> Tensor { maxPool(x, window, stride, padding, dilation, ceilMode, rank: 1) }

/// The greatest element under each window; the padding never wins.
public func maxPool2D(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  dilation: PerAxis = 1, ceilMode: Bool = false
) -> Tensor { maxPool(x, window, stride, padding, dilation, ceilMode, rank: 2) }

/// The greatest element under each window; the padding never wins.
public func maxPool3D(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  dilation: PerAxis = 1, ceilMode: Bool = false
) -> Tensor { maxPool(x, window, stride, padding, dilation, ceilMode, rank: 3) }

/// Maximum pooling over as many spatial axes as `x` has, and where the winners were: row-major
/// indices over the spatial axes, `i32`, for `maxUnpool`.
public func maxPoolWithIndices(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  dilation: PerAxis = 1, ceilMode: Bool = false
) -> (values: Tensor, indices: Tensor) {
  let name = "maxPoolWithIndices"
  guard
    spatial(x, name),
    let window = makeWindow(
      x, window, stride, padding, dilation, ceilMode: ceilMode, rank: x.rank - 2, name)
  else { return (x, x.zerosLike(dtype: .i32)) }
  let indices = Tensor.apply(.windowArgMax(window), [x.detached], as: name)
  let flat = x.flattened(from: 1, through: -2)
  let values = flat.gather(indices.flattened(from: 1, through: -2), axis: 1)
  return (values.reshaped(indices.shape), indices)
}

/// The inverse of `maxPoolWithIndices` as far as there is one: each element at its index, zeros
/// elsewhere.
///
/// - Parameter extents: the spatial extents of the result; what one pooling with these windows
///   comes from if nil: (extent - 1) · stride - 2 · padding + window.
public func maxUnpool(
  _ x: Tensor, _ indices: Tensor, _ window: PerAxis, stride: PerAxis? = nil,
  padding: PerAxis = 0, extents: [Int]? = nil
) -> Tensor {
  guard
    spatial(x, "maxUnpool"),
    check(
      indices.shape == x.shape, .shape, "maxUnpool",
      "indices of shape \(indices.shape) do not belong to shape \(x.shape)")
  else { return x }
  let rank = x.rank - 2
  let sizes = window.expanded(rank, "maxUnpool")
  let strides = stride?.expanded(rank, "maxUnpool") ?? sizes
  let widths = padding.expanded(rank, "maxUnpool")
  let usual = (0..<rank).map { axis -> Int in
    (x.shape[axis + 1] - 1) * strides[axis] - 2 * widths[axis] + sizes[axis]
  }
  let spatial = extents ?? usual
  guard
    check(
      spatial.count == rank && !spatial.contains { $0 < 0 }, .shape, "maxUnpool",
      "extents \(spatial) do not fit the spatial axes of shape \(x.shape)")
  else { return x }
  let (batch, channels) = (x.shape[0], x.shape[x.rank - 1])
  let zeros = Tensor.zeros([batch, spatial.reduce(1, *), channels], dtype: x.dtype)
  let filled = zeros.scatter(
    indices.flattened(from: 1, through: -2), x.flattened(from: 1, through: -2), axis: 1)
  return filled.reshaped(Shape([batch] + spatial + [channels]))
}

/// The mean of the elements under each window. The padding counts as zeros unless `countsPadding`
/// is false; with `divisorOverride` the sums are divided by that.
public func averagePool1D(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  ceilMode: Bool = false, countsPadding: Bool = true, divisorOverride: Int? = nil
) -> Tensor {
  averagePool(x, window, stride, padding, ceilMode, countsPadding, divisorOverride, rank: 1)
}

/// The mean of the elements under each window. The padding counts as zeros unless `countsPadding`
/// is false; with `divisorOverride` the sums are divided by that.
public func averagePool2D(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  ceilMode: Bool = false, countsPadding: Bool = true, divisorOverride: Int? = nil
) -> Tensor {
  averagePool(x, window, stride, padding, ceilMode, countsPadding, divisorOverride, rank: 2)
}

/// The mean of the elements under each window. The padding counts as zeros unless `countsPadding`
/// is false; with `divisorOverride` the sums are divided by that.
public func averagePool3D(
  _ x: Tensor, _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0,
  ceilMode: Bool = false, countsPadding: Bool = true, divisorOverride: Int? = nil
) -> Tensor {
  averagePool(x, window, stride, padding, ceilMode, countsPadding, divisorOverride, rank: 3)
}

/// The norm of the given order of the elements under each window, (Σ xᵒ)^(1/o) as in PyTorch, over
/// as many spatial axes as `x` has. What `ceilMode` adds beyond the end counts like the mean of the
/// rest.
public func lpPool(
  _ x: Tensor, order: Double, _ window: PerAxis, stride: PerAxis? = nil, ceilMode: Bool = false
) -> Tensor {
  guard spatial(x, "lpPool") else { return x }
  let rank = x.rank - 2
  let count = window.expanded(rank, "lpPool").reduce(1, *)
  let means = averagePool(
    pow(x, Tensor(order)), window, stride, 0, ceilMode, true, nil, rank: rank)
  return pow(means * Tensor(count), Tensor(1 / order))
}

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

/// Whether there is a spatial axis; a mistake is reported.
func spatial(_ x: Tensor, _ name: String) -> Bool {
  check(
    x.rank >= 3, .shape, name, "shape \(x.shape) has no spatial axis",
    hint: "activations are channels-last, [batch, spatial…, channel].")
}
