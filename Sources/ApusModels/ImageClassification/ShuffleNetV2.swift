import Apus

/// ShuffleNet v2 (Ma et al., 2018), with torchvision's parameter names: a block works on half of the
/// channels, then the halves are shuffled.
///
/// Input: `[batch, height, width, channel]`. Output: logits, `[batch, class]`. For small images the
/// first convolution has no stride and there is no first pooling.
public struct ShuffleNetV2: Layer {
  public struct Configuration: Hashable, Sendable {
    public var shape: ImageClassifierShape
    /// The channels of the stages, all even.
    public var widths: [Int]
    /// The channels before the mean over the image.
    public var lastWidth: Int

    public init(_ shape: ImageClassifierShape, widths: [Int], lastWidth: Int = 1024) {
      self.shape = shape
      self.widths = widths
      self.lastWidth = lastWidth
    }

    public static func x0_5(_ shape: ImageClassifierShape = .imageNet) -> Configuration {
      Configuration(shape, widths: [48, 96, 192])
    }

    public static func x1_0(_ shape: ImageClassifierShape = .imageNet) -> Configuration {
      Configuration(shape, widths: [116, 232, 464])
    }
  }

  private let isSmall: Bool
  private let stem: NormalizedConvolution
  private let blocks: [ShuffleBlock]
  private let last: NormalizedConvolution
  private let fc: Linear

  public init(_ scope: Scope, _ configuration: Configuration) {
    check(
      configuration.widths.allSatisfy { $0 % 2 == 0 }, .argument, "ShuffleNetV2",
      "the widths must be even, got \(configuration.widths)")
    isSmall = configuration.shape.isSmall
    var inputs = 24
    stem = NormalizedConvolution(
      scope / "conv1", configuration.shape.channels, inputs, kernel: 3, stride: isSmall ? 1 : 2)
    var blocks: [ShuffleBlock] = []
    for (stage, outputs) in configuration.widths.enumerated() {
      let place = scope / "stage\(stage + 2)"
      for index in 0..<(stage == 1 ? 8 : 4) {
        blocks.append(ShuffleBlock(place / index, inputs, outputs, halves: index == 0))
        inputs = outputs
      }
    }
    self.blocks = blocks
    last = NormalizedConvolution(scope / "conv5", inputs, configuration.lastWidth, kernel: 1)
    fc = Linear(scope / "fc", configuration.lastWidth, configuration.shape.classes)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let first = relu(stem(x))
    let start = isSmall ? first : maxPool2D(first, 3, stride: 2, padding: 1)
    let features = blocks.reduce(start) { $1($0) }
    return fc(globalAveragePool(relu(last(features))))
  }
}

/// The first block of a stage halves the extents and works on all channels in two branches; the others
/// leave one half of the channels as they are.
private struct ShuffleBlock: Layer {
  let branch1: [NormalizedConvolution]
  let branch2: [NormalizedConvolution]

  init(_ scope: Scope, _ inputs: Int, _ outputs: Int, halves: Bool) {
    let width = outputs / 2
    let stride = halves ? 2 : 1
    let (first, second) = (scope / "branch1", scope / "branch2")
    branch1 =
      halves
      ? [
        NormalizedConvolution(first, inputs, inputs, kernel: 3, stride: stride, groups: inputs),
        NormalizedConvolution(first, at: 2, inputs, width, kernel: 1),
      ] : []
    branch2 = [
      NormalizedConvolution(second, halves ? inputs : width, width, kernel: 1),
      NormalizedConvolution(second, at: 3, width, width, kernel: 3, stride: stride, groups: width),
      NormalizedConvolution(second, at: 5, width, width, kernel: 1),
    ]
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    guard branch1.isEmpty else {
      return shuffled(relu(branch1[1](branch1[0](x))), transformed(x))
    }
    let halves = x.chunked(2, axis: -1)
    return shuffled(halves[0], transformed(halves[1]))
  }

  private func transformed(_ x: Tensor) -> Tensor {
    relu(branch2[2](branch2[1](relu(branch2[0](x)))))
  }

  /// The channels of both in turn.
  private func shuffled(_ a: Tensor, _ b: Tensor) -> Tensor {
    stack([a, b], axis: -1).flattened(from: -2)
  }
}
