import Apus

/// U-Net (Ronneberger et al., 2015), with normalisations and with zeros around its convolutions, so that
/// the answer has the extents of the image.
///
/// Input: `[batch, height, width, channel]`, extents multiples of 2 to the number of halvings; traps on
/// others. Output: logits, `[batch, height, width, class]`.
/// Parameters: `encoder.<level>` and `decoder.<level>` with `conv1`, `bn1`, `conv2`, `bn2`, the decoders
/// also `up`, counted from the full extent on; `head`.
public struct UNet: Layer {
  public struct Configuration: Hashable, Sendable {
    public var channels: Int
    public var classes: Int
    /// The channels at each level, from the full extent on; each level has half the extents.
    public var widths: [Int]

    public init(channels: Int = 3, classes: Int = 2, widths: [Int] = [64, 128, 256, 512, 1024]) {
      self.channels = channels
      self.classes = classes
      self.widths = widths
    }
  }

  private let encoders: [ConvolutionPair]
  private let decoders: [(up: ConvTranspose2D, pair: ConvolutionPair)]
  private let head: Conv2D

  public init(_ scope: Scope, _ configuration: Configuration = Configuration()) {
    let widths = configuration.widths
    check(!widths.isEmpty, .argument, "UNet", "needs the width of at least one level")
    let inputs = [configuration.channels] + widths
    encoders = widths.indices.map {
      ConvolutionPair(scope / "encoder" / $0, inputs[$0], widths[$0])
    }
    decoders = widths.indices.dropLast().map { level in
      let (place, width) = (scope / "decoder" / level, widths[level])
      let up = ConvTranspose2D(place / "up", widths[level + 1], width, kernel: 2, stride: 2)
      return (up, ConvolutionPair(place, 2 * width, width))
    }
    head = Conv2D(scope / "head", widths.first ?? 1, configuration.classes, kernel: 1)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let multiple = 1 << decoders.count
    guard
      check(
        x.rank == 4 && x.shape[1] % multiple == 0 && x.shape[2] % multiple == 0, .shape, "UNet",
        "shape \(x.shape) cannot be halved \(decoders.count) times",
        hint: "height and width must be multiples of \(multiple): pad or resize the images.")
    else { return x }
    var levels: [Tensor] = []
    for encoder in encoders {
      levels.append(encoder(levels.last.map { maxPool2D($0, 2) } ?? x))
    }
    var h = levels.removeLast()
    for (decoder, level) in zip(decoders, levels).reversed() {
      h = decoder.pair(concatenate([level, decoder.up(h)], axis: -1))
    }
    return head(h)
  }
}

private struct ConvolutionPair: Layer {
  let first: NormalizedConvolution
  let second: NormalizedConvolution

  init(_ scope: Scope, _ inputs: Int, _ outputs: Int) {
    first = NormalizedConvolution(scope / "conv1", scope / "bn1", inputs, outputs, kernel: 3)
    second = NormalizedConvolution(scope / "conv2", scope / "bn2", outputs, outputs, kernel: 3)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { relu(second(relu(first(x)))) }
}
