import ApusIR

/// The convolution (cross-correlation) of `[batch, spatial…, channel]` with a kernel
/// `[output channel, input channel / groups, spatial…]`, over as many spatial axes as the kernel has.
public func convolution(
  _ x: Tensor, _ kernel: Tensor, stride: PerAxis = 1, padding: ConvolutionPadding = .valid,
  dilation: PerAxis = 1, groups: Int = 1
) -> Tensor {
  let rank = kernel.rank - 2
  guard
    check(
      rank >= 1, .shape, "convolution", "kernel shape \(kernel.shape) has no spatial axis",
      hint: "kernels are [output channel, input channel / groups, spatial…].")
  else { return x }
  let strides = stride.expanded(rank, "convolution")
  let dilations = dilation.expanded(rank, "convolution")
  if case .same = padding {
    check(
      strides.allSatisfy { $0 == 1 }, .argument, "convolution",
      "padding .same needs stride 1, got \(strides)")
  }
  let widths = padding.widths(kernel: Array(kernel.shape.dropFirst(2)), dilations: dilations)
  let attributes = Convolution(
    strides: strides, dilations: dilations, low: widths.map(\.low), high: widths.map(\.high),
    groups: groups)
  let dtype = Precision.product(of: Tensor.commonDType([x, kernel]))
  return Tensor.apply(.convolution(attributes), [x.to(dtype), kernel.to(dtype)])
}

/// The convolution's transpose: the gradient of `convolution` with respect to its input. `x` is
/// `[batch, spatial…, channel]`, the kernel PyTorch's `[input channel, output channel / groups,
/// spatial…]`.
public func transposedConvolution(
  _ x: Tensor, _ kernel: Tensor, stride: PerAxis = 1, padding: PerAxis = 0,
  outputPadding: PerAxis = 0, dilation: PerAxis = 1, groups: Int = 1
) -> Tensor {
  let rank = kernel.rank - 2
  guard
    check(
      rank >= 1 && x.rank == kernel.rank, .shape, "transposedConvolution",
      "shapes \(x.shape) and \(kernel.shape) do not belong together")
  else { return x }
  let strides = stride.expanded(rank, "transposedConvolution")
  let dilations = dilation.expanded(rank, "transposedConvolution")
  let widths = padding.expanded(rank, "transposedConvolution")
  let further = outputPadding.expanded(rank, "transposedConvolution")
  guard
    check(
      (0..<rank).allSatisfy { further[$0] >= 0 && further[$0] < Swift.max(strides[$0], dilations[$0]) },
      .argument, "transposedConvolution",
      "the output padding \(further) must be smaller than the stride \(strides) or the dilation "
        + "\(dilations)")
  else { return x }
  let extents = (0..<rank).map { axis -> Int in
    let reach = dilations[axis] * (kernel.shape[axis + 2] - 1) + 1
    return (x.shape[axis + 1] - 1) * strides[axis] - 2 * widths[axis] + reach + further[axis]
  }
  let attributes = Convolution(
    kind: .inputGradient, strides: strides, dilations: dilations, low: widths, high: widths,
    groups: groups, extents: extents)
  let dtype = Precision.product(of: Tensor.commonDType([x, kernel]))
  return Tensor.apply(.convolution(attributes), [x.to(dtype), kernel.to(dtype)])
}
