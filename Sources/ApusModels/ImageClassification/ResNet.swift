import Apus

/// Residual networks (He et al., 2016), with torchvision's parameter names. As there, the stride of a
/// bottleneck is at its convolution of 3 × 3.
///
/// Input: `[batch, height, width, channel]`. Output: logits, `[batch, class]`. For small images the
/// first convolution is 3 × 3 without stride and there is no first pooling (the paper's section 4.2).
public struct ResNet: Layer {
  public struct Configuration: Hashable, Sendable {
    public var shape: ImageClassifierShape
    /// The number of blocks in each stage; a stage has twice the channels and half the extent of the
    /// one before.
    public var counts: [Int]
    /// The channels of the first stage.
    public var width: Int
    /// Whether a block is 1 × 1, 3 × 3, 1 × 1 with four times the channels at its end, not 3 × 3 twice.
    public var isBottleneck: Bool

    public init(_ shape: ImageClassifierShape, counts: [Int], width: Int = 64, isBottleneck: Bool) {
      self.shape = shape
      self.counts = counts
      self.width = width
      self.isBottleneck = isBottleneck
    }

    /// A block a stage, for small images and few of them.
    public static func resNet10(_ shape: ImageClassifierShape = .imageNet, width: Int = 64) -> Configuration {
      Configuration(shape, counts: [1, 1, 1, 1], width: width, isBottleneck: false)
    }

    public static func resNet18(_ shape: ImageClassifierShape = .imageNet) -> Configuration {
      Configuration(shape, counts: [2, 2, 2, 2], isBottleneck: false)
    }

    public static func resNet34(_ shape: ImageClassifierShape = .imageNet) -> Configuration {
      Configuration(shape, counts: [3, 4, 6, 3], isBottleneck: false)
    }

    public static func resNet50(_ shape: ImageClassifierShape = .imageNet) -> Configuration {
      Configuration(shape, counts: [3, 4, 6, 3], isBottleneck: true)
    }
  }

  private let backbone: ResNetBackbone
  private let fc: Linear

  public init(_ scope: Scope, _ configuration: Configuration) {
    backbone = ResNetBackbone(scope, configuration)
    fc = Linear(scope / "fc", backbone.features, configuration.shape.classes)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { fc(globalAveragePool(backbone(x))) }
}

/// A residual network without its head, for what looks at a grid of features; names as in ``ResNet``.
///
/// Input: `[batch, height, width, channel]`. Output: `[batch, row, column, feature]`, each stage after the first
/// with half the extents; the configuration's classes do not matter.
public struct ResNetBackbone: Layer {
  /// Features of the output.
  public let features: Int
  private let stem: NormalizedConvolution
  private let isSmall: Bool
  private let blocks: [ResidualBlock]

  public init(_ scope: Scope, _ configuration: ResNet.Configuration) {
    isSmall = configuration.shape.isSmall
    stem = NormalizedConvolution(
      scope / "conv1", scope / "bn1", configuration.shape.channels, configuration.width,
      kernel: isSmall ? 3 : 7, stride: isSmall ? 1 : 2)
    let expansion = configuration.isBottleneck ? 4 : nil
    var inputs = configuration.width
    var blocks: [ResidualBlock] = []
    for (stage, count) in configuration.counts.enumerated() {
      let width = configuration.width << stage
      for index in 0..<count {
        let stride = index == 0 && stage > 0 ? 2 : 1
        let place = scope / "layer\(stage + 1)" / index
        blocks.append(ResidualBlock(place, inputs, width, stride: stride, expansion: expansion))
        inputs = width * (expansion ?? 1)
      }
    }
    self.blocks = blocks
    features = inputs
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let first = relu(stem(x))
    let start = isSmall ? first : maxPool2D(first, 3, stride: 2, padding: 1)
    return blocks.reduce(start) { $1($0) }
  }
}

/// `relu(body(x) + shortcut(x))`: two convolutions of 3 × 3, or, with a factor of expansion, one between
/// two of 1 × 1. The shortcut is the identity where the shapes allow it.
private struct ResidualBlock: Layer {
  let body: [NormalizedConvolution]
  let shortcut: NormalizedConvolution?

  init(_ scope: Scope, _ inputs: Int, _ width: Int, stride: Int, expansion: Int?) {
    let outputs = width * (expansion ?? 1)
    func part(
      _ index: Int, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1
    ) -> NormalizedConvolution {
      NormalizedConvolution(
        scope / "conv\(index)", scope / "bn\(index)", inputs, outputs, kernel: kernel, stride: stride)
    }
    if expansion == nil {
      body = [
        part(1, inputs, width, kernel: 3, stride: stride), part(2, width, width, kernel: 3),
      ]
    } else {
      body = [
        part(1, inputs, width, kernel: 1), part(2, width, width, kernel: 3, stride: stride),
        part(3, width, outputs, kernel: 1),
      ]
    }
    shortcut =
      stride == 1 && inputs == outputs
      ? nil
      : NormalizedConvolution(scope / "downsample", inputs, outputs, kernel: 1, stride: stride)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let inner = body.dropLast().reduce(x) { relu($1($0)) }
    return relu(body[body.count - 1](inner) + (shortcut?(x) ?? x))
  }
}
