import Apus

/// A convolution without bias and its normalisation; the padding keeps the size where the stride is 1.
///
/// The weights are normal with deviation √(2 / (output · kernel area)) at first (He et al., 2015, by the
/// number of outputs), as in torchvision.
struct NormalizedConvolution: Layer {
  private let convolution: Conv2D
  private let norm: BatchNorm

  init(
    _ convolutionScope: Scope, _ normScope: Scope, _ inputs: Int, _ outputs: Int, kernel: Int,
    stride: Int = 1, groups: Int = 1
  ) {
    let start = Initializer { shape, dtype, key in
      let fanOut = shape[0] * shape.dropFirst(2).reduce(1, *)
      return .normal(shape, std: (2 / Double(max(fanOut, 1))).squareRoot(), dtype: dtype, key: key)
    }
    convolution = Conv2D(
      convolutionScope.with(weightInitializer: start), inputs, outputs, kernel: PerAxis(kernel),
      stride: PerAxis(stride), padding: .symmetric(PerAxis((kernel - 1) / 2)), groups: groups, bias: false)
    norm = BatchNorm(normScope, outputs)
  }

  /// The two as neighbours in a `Sequential`: `0.weight`, `1.weight`.
  init(
    _ scope: Scope, at index: Int = 0, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1,
    groups: Int = 1
  ) {
    self.init(
      scope / index, scope / (index + 1), inputs, outputs, kernel: kernel, stride: stride,
      groups: groups)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { norm(convolution(x)) }
}
