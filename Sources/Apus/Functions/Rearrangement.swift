// Channels to places and back. The order of channels is PyTorch's.

import ApusIR

/// Channels spread over squares of factor × factor places: `[batch, height, width, channel · factor²]`
/// becomes `[batch, height · factor, width · factor, channel]` (Shi et al., 2016).
public func pixelShuffle(_ x: Tensor, _ factor: Int) -> Tensor {
  guard isImage(x, "pixelShuffle"),
    check(
      factor > 0 && x.shape[3] % (factor * factor) == 0, .shape, "pixelShuffle",
      "the channels of shape \(x.shape) cannot be spread over \(factor) × \(factor) places")
  else { return x }
  let (batch, height, width) = (x.shape[0], x.shape[1], x.shape[2])
  let channels = x.shape[3] / (factor * factor)
  return x.reshaped(batch, height, width, channels, factor, factor)
    .permuted(0, 1, 4, 2, 5, 3)
    .reshaped(batch, height * factor, width * factor, channels)
}

/// Squares of factor × factor places gathered into channels, the inverse of `pixelShuffle`:
/// `[batch, height, width, channel]` becomes `[batch, height / factor, width / factor,
/// channel · factor²]`.
public func pixelUnshuffle(_ x: Tensor, _ factor: Int) -> Tensor {
  guard isImage(x, "pixelUnshuffle"),
    check(
      factor > 0 && x.shape[1] % factor == 0 && x.shape[2] % factor == 0, .shape,
      "pixelUnshuffle",
      "the places of shape \(x.shape) cannot be split into squares of \(factor) × \(factor)")
  else { return x }
  let (batch, height, width) = (x.shape[0], x.shape[1] / factor, x.shape[2] / factor)
  return x.reshaped(batch, height, factor, width, factor, x.shape[3])
    .permuted(0, 1, 3, 5, 2, 4)
    .reshaped(batch, height, width, x.shape[3] * factor * factor)
}

/// The channels, the last axis, dealt out: the first of each of `groups` groups, then the second, …
/// (Zhang et al., 2018).
public func channelShuffle(_ x: Tensor, _ groups: Int) -> Tensor {
  guard
    check(
      x.rank > 0 && groups > 0 && x.shape[x.rank - 1] % groups == 0, .shape, "channelShuffle",
      "the channels of shape \(x.shape) cannot be split into \(groups) groups")
  else { return x }
  let split = x.unflattened(-1, [groups, x.shape[x.rank - 1] / groups])
  return split.transposed().reshaped(x.shape)
}

/// The windows of an image, one after the other: `[batch, height, width, channel]` becomes
/// `[batch, window, channel · kernel height · kernel width]` (im2col).
public func unfold(
  _ x: Tensor, _ kernel: PerAxis, stride: PerAxis = 1, padding: PerAxis = 0, dilation: PerAxis = 1
) -> Tensor {
  guard isImage(x, "unfold") else { return x }
  let window = FoldWindow(kernel, stride, padding, dilation, "unfold")
  return window.windows(of: x, "unfold")
}

/// The sums of windows laid over an image of `size`, the transpose of `unfold`:
/// `[batch, window, channel · kernel height · kernel width]` becomes
/// `[batch, height, width, channel]` (col2im).
public func fold(
  _ x: Tensor, size: PerAxis, _ kernel: PerAxis, stride: PerAxis = 1, padding: PerAxis = 0,
  dilation: PerAxis = 1
) -> Tensor {
  let window = FoldWindow(kernel, stride, padding, dilation, "fold")
  let extents = size.expanded(2, "fold")
  let volume = Swift.max(window.sizes[0] * window.sizes[1], 1)
  let counts = (0..<2).map { window.count($0, extents[$0]) }
  guard
    check(
      x.rank == 3 && x.shape[1] == counts[0] * counts[1] && x.shape[2] % volume == 0, .shape,
      "fold",
      "shape \(x.shape) is not [batch, \(counts[0]) · \(counts[1]) windows, channel · \(volume)]")
  else { return x }
  let shape: Shape = [x.shape[0], extents[0], extents[1], x.shape[2] / volume]
  let image = Tensor.zeros(shape, dtype: x.dtype)
  return checked(as: "fold", standIn: image) { () throws(TensorError) in
    try vjp(at: image, seed: x) { window.windows(of: $0, "fold") }.product
  }
}

private struct FoldWindow: Sendable {
  let sizes, strides, widths, dilations: [Int]

  init(
    _ kernel: PerAxis, _ stride: PerAxis, _ padding: PerAxis, _ dilation: PerAxis, _ name: String
  ) {
    sizes = kernel.expanded(2, name)
    strides = stride.expanded(2, name)
    widths = padding.expanded(2, name)
    dilations = dilation.expanded(2, name)
    let arePositive = (sizes + strides + dilations).allSatisfy { $0 > 0 }
    check(
      arePositive && widths.allSatisfy { $0 >= 0 }, .argument, name,
      "kernel, stride and dilation must be positive, padding not negative")
  }

  /// The number of positions along an axis.
  func count(_ axis: Int, _ extent: Int) -> Int {
    let reach = dilations[axis] * (sizes[axis] - 1) + 1
    let room = extent + 2 * widths[axis] - reach
    return room < 0 ? 0 : room / Swift.max(strides[axis], 1) + 1
  }

  func windows(of x: Tensor, _ name: String) -> Tensor {
    let counts = (0..<2).map { count($0, x.shape[$0 + 1]) }
    guard
      check(
        counts.allSatisfy { $0 > 0 }, .shape, name,
        "the kernel \(sizes) does not fit into shape \(x.shape)")
    else { return x }
    let padded = x.padded([(0, 0)] + widths.map { ($0, $0) } + [(0, 0)])
    func part(_ from: Tensor, _ axis: Int, _ offset: Int) -> Tensor {
      let start = offset * dilations[axis]
      let end = start + (counts[axis] - 1) * strides[axis] + 1
      return from.sliced(axis + 1, start..<end, stride: strides[axis])
    }
    let parts = (0..<sizes[0]).flatMap { row in
      (0..<sizes[1]).map { column in part(part(padded, 0, row), 1, column) }
    }
    let channels = x.shape[3] * sizes[0] * sizes[1]
    return stack(parts, axis: -1).reshaped(x.shape[0], counts[0] * counts[1], channels)
  }
}

private func isImage(_ x: Tensor, _ name: String) -> Bool {
  check(
    x.rank == 4, .shape, name, "shape \(x.shape) is not [batch, height, width, channel]")
}
