import Apus

/// MobileNet (Howard et al., 2017): convolutions of 3 × 3 over each channel by itself, then of 1 × 1.
///
/// Parameters: `features.<index>.0` and `.1`, convolution and normalisation of 3 × 3, `.3` and `.4` those
/// of 1 × 1 (torchvision has no such model); `classifier`.
/// Input: `[batch, height, width, channel]`. Output: logits, `[batch, class]`. For small images the
/// first convolution has no stride.
public struct MobileNetV1: Layer {
  public struct Configuration: Hashable, Sendable {
    public var shape: ImageClassifierShape
    /// What the numbers of channels are multiplied with.
    public var widthMultiplier: Double

    public init(_ shape: ImageClassifierShape = .imageNet, widthMultiplier: Double = 1) {
      self.shape = shape
      self.widthMultiplier = widthMultiplier
    }
  }

  private let stem: NormalizedConvolution
  private let blocks: [SeparableConvolution]
  private let classifier: Linear

  public init(_ scope: Scope, _ configuration: Configuration) {
    let features = scope / "features"
    func width(_ channels: Int) -> Int { max(8, Int(Double(channels) * configuration.widthMultiplier)) }
    var inputs = width(32)
    stem = NormalizedConvolution(
      features / 0, configuration.shape.channels, inputs, kernel: 3,
      stride: configuration.shape.isSmall ? 1 : 2)
    let wide = Array(repeating: (channels: 512, stride: 1), count: 5)
    let settings =
      [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + wide + [(1024, 2), (1024, 1)]
    var blocks: [SeparableConvolution] = []
    for (index, (channels, stride)) in settings.enumerated() {
      let outputs = width(channels)
      blocks.append(SeparableConvolution(features / (index + 1), inputs, outputs, stride: stride))
      inputs = outputs
    }
    self.blocks = blocks
    classifier = Linear(scope / "classifier", inputs, configuration.shape.classes)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    classifier(globalAveragePool(blocks.reduce(relu(stem(x))) { $1($0) }))
  }
}

private struct SeparableConvolution: Layer {
  let depthwise: NormalizedConvolution
  let pointwise: NormalizedConvolution

  init(_ scope: Scope, _ inputs: Int, _ outputs: Int, stride: Int) {
    depthwise = NormalizedConvolution(
      scope, inputs, inputs, kernel: 3, stride: stride, groups: inputs)
    pointwise = NormalizedConvolution(scope, at: 3, inputs, outputs, kernel: 1)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { relu(pointwise(relu(depthwise(x)))) }
}
