/// What the convolution layers have in common.
struct ConvolutionParameters: Sendable {
  let weight: Parameter
  let bias: Parameter?
  let stride: PerAxis
  let padding: ConvolutionPadding
  let dilation: PerAxis
  let groups: Int
  let paddingMode: PaddingMode
  let scope: Scope

  init(
    _ scope: Scope, _ input: Int, _ output: Int, rank: Int, kernel: PerAxis, stride: PerAxis,
    padding: ConvolutionPadding, dilation: PerAxis, groups: Int, bias: Bool,
    paddingMode: PaddingMode
  ) {
    let sizes = kernel.expanded(rank, "Conv\(rank)D")
    check(
      groups > 0 && input % groups == 0 && output % groups == 0, .argument, "Conv\(rank)D",
      "\(input) input and \(output) output channels cannot be split into \(groups) groups")
    let inner = input / Swift.max(groups, 1)
    let uniform = Initializer.fanInUniform(sizes.reduce(inner, *))
    weight = scope.parameter("weight", Shape([output, inner] + sizes), uniform)
    self.bias = bias ? scope.parameter("bias", [output], uniform) : nil
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    self.paddingMode = paddingMode
    self.scope = scope
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run {
      let (x, padding) = padded(x)
      let result = convolution(
        x, weight.value, stride: stride, padding: padding, dilation: dilation, groups: groups)
      guard let bias else { return result }
      return result + Precision.joined(bias.value, result)
    }
  }

  /// Zeros are added by the convolution itself, anything else before it.
  private func padded(_ x: Tensor) -> (x: Tensor, rest: ConvolutionPadding) {
    if case .constant(0) = paddingMode { return (x, padding) }
    let sizes = Array(weight.shape.dropFirst(2))
    let widths = padding.widths(kernel: sizes, dilations: dilation.expanded(sizes.count, "padding"))
    return (paddedSpatially(x, widths, paddingMode, "Conv\(sizes.count)D"), .valid)
  }
}

/// A convolution over one axis: `[batch, time, input]` becomes `[batch, time', output]`.
///
/// Parameters: `weight` `[output, input / groups, kernel]`, `bias` `[output]`, both uniform in
/// ±1/√(input / groups · kernel) at first.
public struct Conv1D: Layer {
  private let body: ConvolutionParameters
  public var weight: Parameter { body.weight }
  public var bias: Parameter? { body.bias }

  public init(
    _ scope: Scope, _ input: Int, _ output: Int, kernel: PerAxis, stride: PerAxis = 1,
    padding: ConvolutionPadding = .valid, dilation: PerAxis = 1, groups: Int = 1, bias: Bool = true,
    paddingMode: PaddingMode = .zeros
  ) {
    body = ConvolutionParameters(
      scope, input, output, rank: 1, kernel: kernel, stride: stride, padding: padding,
      dilation: dilation, groups: groups, bias: bias, paddingMode: paddingMode)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { body(x) }
}

/// A convolution over two axes: `[batch, height, width, input]` becomes
/// `[batch, height', width', output]`.
///
/// Parameters: `weight` `[output, input / groups, kernel height, kernel width]`, `bias` `[output]`,
/// both uniform in ±1/√(input / groups · kernel height · kernel width) at first.
public struct Conv2D: Layer {
  private let body: ConvolutionParameters
  public var weight: Parameter { body.weight }
  public var bias: Parameter? { body.bias }

  public init(
    _ scope: Scope, _ input: Int, _ output: Int, kernel: PerAxis, stride: PerAxis = 1,
    padding: ConvolutionPadding = .valid, dilation: PerAxis = 1, groups: Int = 1, bias: Bool = true,
    paddingMode: PaddingMode = .zeros
  ) {
    body = ConvolutionParameters(
      scope, input, output, rank: 2, kernel: kernel, stride: stride, padding: padding,
      dilation: dilation, groups: groups, bias: bias, paddingMode: paddingMode)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { body(x) }
}

/// A convolution over three axes: `[batch, depth, height, width, input]` becomes
/// `[batch, depth', height', width', output]`.
///
/// Parameters: `weight` `[output, input / groups, kernel depth, height, width]`, `bias` `[output]`,
/// both uniform in ±1/√(input / groups · kernel volume) at first.
public struct Conv3D: Layer {
  private let body: ConvolutionParameters
  public var weight: Parameter { body.weight }
  public var bias: Parameter? { body.bias }

  public init(
    _ scope: Scope, _ input: Int, _ output: Int, kernel: PerAxis, stride: PerAxis = 1,
    padding: ConvolutionPadding = .valid, dilation: PerAxis = 1, groups: Int = 1, bias: Bool = true,
    paddingMode: PaddingMode = .zeros
  ) {
    body = ConvolutionParameters(
      scope, input, output, rank: 3, kernel: kernel, stride: stride, padding: padding,
      dilation: dilation, groups: groups, bias: bias, paddingMode: paddingMode)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { body(x) }
}
