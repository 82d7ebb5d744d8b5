// Convolutions that treat space and channels apart.

extension Conv1D {
  /// A convolution of each channel by itself, to `multiplier` channels each.
  public static func depthwise(
    _ scope: Scope, _ channels: Int, kernel: PerAxis, stride: PerAxis = 1,
    padding: ConvolutionPadding = .valid, dilation: PerAxis = 1, multiplier: Int = 1,
    bias: Bool = true
  ) -> Conv1D {
    Conv1D(
      scope, channels, channels * multiplier, kernel: kernel, stride: stride, padding: padding,
      dilation: dilation, groups: channels, bias: bias)
  }
}

extension Conv2D {
  /// A convolution of each channel by itself, to `multiplier` channels each.
  public static func depthwise(
    _ scope: Scope, _ channels: Int, kernel: PerAxis, stride: PerAxis = 1,
    padding: ConvolutionPadding = .valid, dilation: PerAxis = 1, multiplier: Int = 1,
    bias: Bool = true
  ) -> Conv2D {
    Conv2D(
      scope, channels, channels * multiplier, kernel: kernel, stride: stride, padding: padding,
      dilation: dilation, groups: channels, bias: bias)
  }
}

/// A depthwise convolution over time, then a pointwise one over channels: `[batch, time, input]`
/// becomes `[batch, time', output]` (Chollet, 2017).
///
/// Parameters: those of `depthwise` and `pointwise`, each a `Conv1D`.
public struct SeparableConv1D: Layer {
  public let depthwise: Conv1D, pointwise: Conv1D

  public init(
    _ scope: Scope, _ input: Int, _ output: Int, kernel: PerAxis, stride: PerAxis = 1,
    padding: ConvolutionPadding = .valid, dilation: PerAxis = 1, multiplier: Int = 1,
    bias: Bool = true
  ) {
    depthwise = .depthwise(
      scope / "depthwise", input, kernel: kernel, stride: stride, padding: padding,
      dilation: dilation, multiplier: multiplier, bias: bias)
    pointwise = Conv1D(scope / "pointwise", input * multiplier, output, kernel: 1, bias: bias)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { pointwise(depthwise(x)) }
}

/// A depthwise convolution over space, then a pointwise one over channels:
/// `[batch, height, width, input]` becomes `[batch, height', width', output]` (Chollet, 2017).
///
/// Parameters: those of `depthwise` and `pointwise`, each a `Conv2D`.
public struct SeparableConv2D: Layer {
  public let depthwise: Conv2D, pointwise: Conv2D

  public init(
    _ scope: Scope, _ input: Int, _ output: Int, kernel: PerAxis, stride: PerAxis = 1,
    padding: ConvolutionPadding = .valid, dilation: PerAxis = 1, multiplier: Int = 1,
    bias: Bool = true
  ) {
    depthwise = .depthwise(
      scope / "depthwise", input, kernel: kernel, stride: stride, padding: padding,
      dilation: dilation, multiplier: multiplier, bias: bias)
    pointwise = Conv2D(scope / "pointwise", input * multiplier, output, kernel: 1, bias: bias)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { pointwise(depthwise(x)) }
}
