/// What the transposed convolution layers have in common.
struct TransposedConvolutionParameters: Sendable {
  let weight: Parameter
  let bias: Parameter?
  private let run: @Sendable (Tensor, Tensor) -> Tensor
  private let scope: Scope

  init(
    _ scope: Scope, _ input: Int, _ output: Int, rank: Int, kernel: PerAxis, stride: PerAxis,
    padding: PerAxis, outputPadding: PerAxis, groups: Int, bias: Bool, dilation: PerAxis
  ) {
    let name = "ConvTranspose\(rank)D"
    let sizes = kernel.expanded(rank, name)
    check(
      groups > 0 && input % groups == 0 && output % groups == 0, .argument, name,
      "\(input) input and \(output) output channels cannot be split into \(groups) groups")
    let inner = output / Swift.max(groups, 1)
    let uniform = Initializer.fanInUniform(sizes.reduce(inner, *))
    weight = scope.parameter("weight", Shape([input, inner] + sizes), uniform)
    self.bias = bias ? scope.parameter("bias", [output], uniform) : nil
    self.scope = scope
    run = { x, weight in
      transposedConvolution(
        x, weight, stride: stride, padding: padding, outputPadding: outputPadding,
        dilation: dilation, groups: groups)
    }
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run {
      let result = run(x, weight.value)
      guard let bias else { return result }
      return result + Precision.joined(bias.value, result)
    }
  }
}

/// The transpose of `Conv1D`: `[batch, time, input]` becomes `[batch, time', output]` with
/// time' = (time - 1) · stride - 2 · padding + dilation · (kernel - 1) + outputPadding + 1.
///
/// Parameters: `weight` `[input, output / groups, kernel]`, `bias` `[output]`, both uniform in
/// ±1/√(output / groups · kernel) at first.
public struct ConvTranspose1D: Layer {
  private let body: TransposedConvolutionParameters
  public var weight: Parameter { body.weight }
  public var bias: Parameter? { body.bias }

  public init(
    _ scope: Scope, _ input: Int, _ output: Int, kernel: PerAxis, stride: PerAxis = 1,
    padding: PerAxis = 0, outputPadding: PerAxis = 0, groups: Int = 1, bias: Bool = true,
    dilation: PerAxis = 1
  ) {
    body = TransposedConvolutionParameters(
      scope, input, output, rank: 1, kernel: kernel, stride: stride, padding: padding,
      outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { body(x) }
}

/// The transpose of `Conv2D`: `[batch, height, width, input]` becomes
/// `[batch, height', width', output]`; see `ConvTranspose1D` for the extents.
///
/// Parameters: `weight` `[input, output / groups, kernel height, kernel width]`, `bias` `[output]`,
/// both uniform in ±1/√(output / groups · kernel height · kernel width) at first.
public struct ConvTranspose2D: Layer {
  private let body: TransposedConvolutionParameters
  public var weight: Parameter { body.weight }
  public var bias: Parameter? { body.bias }

  public init(
    _ scope: Scope, _ input: Int, _ output: Int, kernel: PerAxis, stride: PerAxis = 1,
    padding: PerAxis = 0, outputPadding: PerAxis = 0, groups: Int = 1, bias: Bool = true,
    dilation: PerAxis = 1
  ) {
    body = TransposedConvolutionParameters(
      scope, input, output, rank: 2, kernel: kernel, stride: stride, padding: padding,
      outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { body(x) }
}

/// The transpose of `Conv3D`: `[batch, depth, height, width, input]` becomes
/// `[batch, depth', height', width', output]`; see `ConvTranspose1D` for the extents.
///
/// Parameters: `weight` `[input, output / groups, kernel depth, height, width]`, `bias` `[output]`,
/// both uniform in ±1/√(output / groups · kernel volume) at first.
public struct ConvTranspose3D: Layer {
  private let body: TransposedConvolutionParameters
  public var weight: Parameter { body.weight }
  public var bias: Parameter? { body.bias }

  public init(
    _ scope: Scope, _ input: Int, _ output: Int, kernel: PerAxis, stride: PerAxis = 1,
    padding: PerAxis = 0, outputPadding: PerAxis = 0, groups: Int = 1, bias: Bool = true,
    dilation: PerAxis = 1
  ) {
    body = TransposedConvolutionParameters(
      scope, input, output, rank: 3, kernel: kernel, stride: stride, padding: padding,
      outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { body(x) }
}
