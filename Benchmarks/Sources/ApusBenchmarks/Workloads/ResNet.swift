import Apus

/// A convolution without bias and its normalisation.
struct NormalizedConvolution {
  let convolution: Conv2D
  let norm: BatchNorm

  init(
    _ convolutionScope: Scope, _ normScope: Scope, _ inputs: Int, _ outputs: Int, kernel: PerAxis,
    stride: PerAxis = 1, padding: ConvolutionPadding = .valid
  ) {
    convolution = Conv2D(
      convolutionScope, inputs, outputs, kernel: kernel, stride: stride, padding: padding, bias: false)
    norm = BatchNorm(normScope, outputs)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { norm(convolution(x)) }
}

/// A residual block (He et al., 2016): two convolutions of 3 × 3, or, with a factor, one between two
/// of 1 × 1 of which the last has `width · expansion` channels.
struct ResidualBlock {
  let body: [NormalizedConvolution]
  let shortcut: NormalizedConvolution?

  init(_ scope: Scope, _ inputs: Int, _ width: Int, stride: Int, expansion: Int?) {
    let outputs = width * (expansion ?? 1)
    let every = PerAxis(stride)
    func part(
      _ index: Int, _ inputs: Int, _ outputs: Int, kernel: PerAxis, stride: PerAxis = 1,
      padding: ConvolutionPadding = .valid
    ) -> NormalizedConvolution {
      NormalizedConvolution(
        scope / "conv\(index)", scope / "bn\(index)", inputs, outputs, kernel: kernel,
        stride: stride, padding: padding)
    }
    if expansion == nil {
      body = [
        part(1, inputs, width, kernel: 3, stride: every, padding: 1),
        part(2, width, width, kernel: 3, padding: 1),
      ]
    } else {
      body = [
        part(1, inputs, width, kernel: 1),
        part(2, width, width, kernel: 3, stride: every, padding: 1),
        part(3, width, outputs, kernel: 1),
      ]
    }
    shortcut =
      stride == 1 && inputs == outputs
      ? nil
      : NormalizedConvolution(
        scope / "downsample" / 0, scope / "downsample" / 1, inputs, outputs, kernel: 1,
        stride: every)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let inner = body.dropLast().reduce(x) { relu($1($0)) }
    return relu(body[body.count - 1](inner) + (shortcut.map { $0(x) } ?? x))
  }
}

/// ResNet-18 for images of 32 × 32, or torchvision's ResNet-50.
struct ResNet {
  let stem: NormalizedConvolution
  let pools: Bool
  let blocks: [ResidualBlock]
  let fc: Linear

  static func resNet18(_ scope: Scope) -> ResNet {
    ResNet(scope, counts: [2, 2, 2, 2], expansion: nil, classes: 10, small: true)
  }

  static func resNet50(_ scope: Scope) -> ResNet {
    ResNet(scope, counts: [3, 4, 6, 3], expansion: 4, classes: 1_000, small: false)
  }

  init(_ scope: Scope, counts: [Int], expansion: Int?, classes: Int, small: Bool) {
    stem = NormalizedConvolution(
      scope / "conv1", scope / "bn1", 3, 64, kernel: small ? 3 : 7, stride: small ? 1 : 2,
      padding: small ? 1 : 3)
    pools = !small
    var inputs = 64
    var blocks: [ResidualBlock] = []
    for (stage, count) in counts.enumerated() {
      let width = 64 << stage
      for block in 0..<count {
        let stride = block == 0 && stage > 0 ? 2 : 1
        let place = scope / "layer\(stage + 1)" / block
        blocks.append(ResidualBlock(place, inputs, width, stride: stride, expansion: expansion))
        inputs = width * (expansion ?? 1)
      }
    }
    self.blocks = blocks
    fc = Linear(scope / "fc", inputs, classes)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var h = relu(stem(x))
    if pools { h = maxPool2D(h, 3, stride: 2, padding: 1) }
    h = blocks.reduce(h) { $1($0) }
    return fc(globalAveragePool(h))
  }
}

enum ResNetWorkload {
  static func train(_ data: Data, _ precision: DType) throws -> Run {
    try data.training(data.load { ResNet.resNet18($0) }, precision) { model, batch in
      crossEntropy(logits: model(batch.x), labels: batch.y)
    }
  }

  static func infer(_ data: Data) throws -> Run {
    let model = try data.load { ResNet.resNet50($0) }
    return try data.inference { model($0) }
  }
}
