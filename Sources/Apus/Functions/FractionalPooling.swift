// Pooling to given extents with windows of one size at random places.

import ApusIR

/// The greatest elements of windows that overlap and whose distances are a random sequence of two
/// neighbouring numbers (Graham, 2014): `[batch, height, width, channel]` becomes
/// `[batch, size…, channel]` (`torch.nn.functional.fractional_max_pool2d`).
///
/// - Parameters:
///   - samples: `[batch, channel, 2]`, from 0 to below 1, which decide the places along the width and
///     along the height; drawn where nil, in training and in inference.
public func fractionalMaxPool2D(
  _ x: Tensor, _ kernel: PerAxis, size: PerAxis, samples: Tensor? = nil
) -> Tensor {
  let name = "fractionalMaxPool2D"
  let (kernels, sizes) = (kernel.expanded(2, name), size.expanded(2, name))
  guard
    check(
      x.rank == 4, .shape, name, "needs [batch, height, width, channel], got shape \(x.shape)")
  else { return x }
  let fits = (0..<2).allSatisfy { axis in
    kernels[axis] > 0 && sizes[axis] > 0 && sizes[axis] + kernels[axis] - 1 <= x.shape[axis + 1]
  }
  let expected: Shape = [x.shape[0], x.shape[3], 2]
  guard
    check(
      fits, .argument, name,
      "shape \(x.shape) has no \(sizes) windows of \(kernels) at different places"),
    check(
      samples?.shape ?? expected == expected, .shape, name,
      "samples of shape \(samples?.shape ?? expected), expected \(expected)")
  else { return x }
  let places = (samples ?? .uniform(expected)).to(.f64)
  // The last axis first, so that of equals the first in row-major order wins.
  let narrow = pooled(x, 2, kernels[1], sizes[1], places[0..., 0..., 0])
  return pooled(narrow, 1, kernels[0], sizes[0], places[0..., 0..., 1])
}

/// Pools one spatial axis; `sample` is `[batch, channel]`.
private func pooled(_ x: Tensor, _ axis: Int, _ kernel: Int, _ count: Int, _ sample: Tensor) -> Tensor {
  let last = x.shape[axis] - kernel
  // [batch, window, channel]: the first element of each window, that of the last one at the end.
  var first = Tensor.full([x.shape[0], 1, x.shape[3]], last, dtype: .i64)
  if count > 1 {
    let step = Tensor(Double(last) / Double(count - 1))
    let start = sample.expanded(at: 1)
    let index = Tensor.arange(count - 1, dtype: .f64).reshaped([1, count - 1, 1])
    let distance = floor((index + start) * step) - floor(start * step)
    first = concatenate([distance.to(.i64), first], axis: 1)
  }
  let offsets = Tensor.arange(kernel, dtype: .i64).reshaped([1, 1, kernel, 1])
  let elements = (first.expanded(at: 2) + offsets).flattened(from: 1, through: 2)
  let other = 3 - axis
  var shape = x.shape
  shape[axis] = count * kernel
  let windows = x.gather(elements.expanded(at: other).expanded(to: shape), axis: axis)
    .unflattened(axis, [count, kernel])
  let greatest = windows.detached.argMax(axis: axis + 1, keepDims: true)
  return windows.gather(greatest, axis: axis + 1).squeezed(axis + 1)
}
