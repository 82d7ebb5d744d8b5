import Apus

/// A fully convolutional detector of text: for each 4 × 4 pixels whether they belong to a text.
///
/// A path down to 1/32 of the extents and, as in EAST (Zhou et al., 2017), a path up that merges each
/// level into the next finer one. `TextBox.boxes` makes boxes of the answer.
///
/// Input: `[batch, height, width, channel]`, extents multiples of 32; traps on others. Output: logits,
/// `[batch, height / 4, width / 4, 1]`.
/// Parameters: `backbone.<level>.<0, 3>`, convolutions, and `.<1, 4>`, their normalisations;
/// `merge.<level>` the same; `head`.
public struct TextDetector: Layer {
  public struct Configuration: Hashable, Sendable {
    public var channels: Int
    /// The channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the extents.
    public var widths: [Int]
    /// The channels of the path up.
    public var mergedWidth: Int

    public init(
      channels: Int = 3, widths: [Int] = [16, 32, 64, 128, 128], mergedWidth: Int = 32
    ) {
      self.channels = channels
      self.widths = widths
      self.mergedWidth = mergedWidth
    }
  }

  private let backbone: [ConvolutionStage]
  private let merges: [ConvolutionStage]
  private let head: Conv2D

  public init(_ scope: Scope, _ configuration: Configuration = Configuration()) {
    let (widths, merged) = (configuration.widths, configuration.mergedWidth)
    check(
      widths.count >= 2, .argument, "TextDetector",
      "needs the widths of at least 2 levels, got \(widths)")
    let inputs = [configuration.channels] + widths
    backbone = widths.indices.map {
      ConvolutionStage(scope / "backbone" / $0, inputs[$0], widths[$0], stride: 2)
    }
    // One for each level from the coarsest but one to that of 1/4.
    let finer = Array(widths.dropFirst().dropLast().reversed())
    merges = finer.indices.map {
      let coarse = $0 == 0 ? widths[widths.count - 1] : merged
      return ConvolutionStage(scope / "merge" / $0, coarse + finer[$0], merged, kernel: 1)
    }
    head = Conv2D(
      scope / "head", merges.isEmpty ? widths[widths.count - 1] : merged, 1, kernel: 1)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let multiple = 1 << backbone.count
    guard
      check(
        x.rank == 4 && x.shape[1] % multiple == 0 && x.shape[2] % multiple == 0, .shape,
        "TextDetector", "shape \(x.shape) cannot be halved \(backbone.count) times",
        hint: "height and width must be multiples of \(multiple): pad or resize the images.")
    else { return x }
    var levels: [Tensor] = []
    for stage in backbone { levels.append(stage(levels.last ?? x)) }
    var h = levels.removeLast()
    for (merge, level) in zip(merges, levels.dropFirst().reversed()) {
      let wide = h.repeated(2, axis: 1).repeated(2, axis: 2)
      h = merge(concatenate([wide, level], axis: -1))
    }
    return head(h)
  }

  /// The mean of the binary cross-entropy and of the dice loss (Milletari et al., 2016), which does
  /// not mind how little of an image is text.
  ///
  /// - Parameters:
  ///   - logits: `[batch, height / 4, width / 4, 1]`.
  ///   - targets: of the same shape, 1 where there is text, else 0.
  public static func loss(logits: Tensor, targets: Tensor) -> Tensor {
    let entropy = binaryCrossEntropyWithLogits(logits, targets)
    // All images together: one without text would otherwise count as much as one full of it.
    let scores = sigmoid(logits.to(logits.dtype.accumulator)).expanded(at: 0)
    return (entropy + diceLoss(scores, targets.expanded(at: 0), smooth: 1)) / 2
  }
}

/// Two normalised convolutions, the second of 3 × 3, with ReLU.
private struct ConvolutionStage: Layer {
  let first: NormalizedConvolution
  let second: NormalizedConvolution

  init(_ scope: Scope, _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1) {
    first = NormalizedConvolution(scope, inputs, outputs, kernel: kernel, stride: stride)
    second = NormalizedConvolution(scope, at: 3, outputs, outputs, kernel: 3)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { relu(second(relu(first(x)))) }
}
