import Apus

/// MobileNet v2 (Sandler et al., 2018), with torchvision's parameter names: residual blocks that are
/// wide inside and narrow where they meet.
///
/// Input: `[batch, height, width, channel]`. Output: logits, `[batch, class]`. For small images the
/// first convolution has no stride.
public struct MobileNetV2: Layer {
  public struct Configuration: Hashable, Sendable {
    public var shape: ImageClassifierShape
    /// What the numbers of channels are multiplied with; the products are made multiples of 8.
    public var widthMultiplier: Double
    public var dropout: Double

    public init(
      _ shape: ImageClassifierShape = .imageNet, widthMultiplier: Double = 1, dropout: Double = 0.2
    ) {
      self.shape = shape
      self.widthMultiplier = widthMultiplier
      self.dropout = dropout
    }

    /// The multiple of 8 that is nearest, but not below 90 %.
    func width(_ channels: Int, factor: Double) -> Int {
      let exact = Double(channels) * factor
      let rounded = max(8, Int(exact + 4) / 8 * 8)
      return Double(rounded) < 0.9 * exact ? rounded + 8 : rounded
    }
  }

  private let stem: NormalizedConvolution
  private let blocks: [InvertedResidual]
  private let last: NormalizedConvolution
  private let dropout: Dropout
  private let classifier: Linear

  public init(_ scope: Scope, _ configuration: Configuration) {
    let features = scope / "features"
    let factor = configuration.widthMultiplier
    var inputs = configuration.width(32, factor: factor)
    stem = NormalizedConvolution(
      features / 0, configuration.shape.channels, inputs, kernel: 3,
      stride: configuration.shape.isSmall ? 1 : 2)
    // The paper's table 2: expansion, channels, number of blocks, stride of the first.
    let settings = [
      (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
      (6, 320, 1, 1),
    ]
    var blocks: [InvertedResidual] = []
    for (expansion, channels, count, stride) in settings {
      let outputs = configuration.width(channels, factor: factor)
      for index in 0..<count {
        let place = features / (blocks.count + 1)
        let step = index == 0 ? stride : 1
        blocks.append(
          InvertedResidual(place, inputs, outputs, stride: step, expansion: expansion))
        inputs = outputs
      }
    }
    self.blocks = blocks
    let outputs = configuration.width(1280, factor: max(1, factor))
    last = NormalizedConvolution(features / (blocks.count + 1), inputs, outputs, kernel: 1)
    dropout = Dropout(configuration.dropout)
    classifier = Linear(
      (scope / "classifier" / 1).with(weightInitializer: .normal(std: 0.01)), outputs,
      configuration.shape.classes)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let features = blocks.reduce(relu6(stem(x))) { $1($0) }
    return classifier(dropout(globalAveragePool(relu6(last(features)))))
  }
}

/// 1 × 1 to more channels, 3 × 3 over each by itself, 1 × 1 to few channels without activation; plus the
/// input where the shapes are equal.
private struct InvertedResidual: Layer {
  let inner: [NormalizedConvolution]
  let projection: NormalizedConvolution
  let isResidual: Bool

  init(_ scope: Scope, _ inputs: Int, _ outputs: Int, stride: Int, expansion: Int) {
    let conv = scope / "conv"
    let width = inputs * expansion
    var inner: [NormalizedConvolution] = []
    if expansion != 1 {
      inner.append(NormalizedConvolution(conv / 0, inputs, width, kernel: 1))
    }
    inner.append(
      NormalizedConvolution(conv / inner.count, width, width, kernel: 3, stride: stride, groups: width))
    self.inner = inner
    projection = NormalizedConvolution(conv, at: inner.count, width, outputs, kernel: 1)
    isResidual = stride == 1 && inputs == outputs
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let result = projection(inner.reduce(x) { relu6($1($0)) })
    return isResidual ? x + result : result
  }
}
