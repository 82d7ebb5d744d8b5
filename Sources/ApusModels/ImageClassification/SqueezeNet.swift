import Apus

/// SqueezeNet 1.1 (Iandola et al., 2016), with torchvision's parameter names: 1.2 million parameters.
///
/// Input: `[batch, height, width, channel]`. Output: logits, `[batch, class]`. For small images the
/// first convolution has no stride.
public struct SqueezeNet: Layer {
  /// What stands at an index of torchvision's `features`.
  private enum Part: Sendable {
    case pool
    case fire(Fire)
  }

  private let stem: Conv2D
  private let parts: [Part]
  private let classifier: Conv2D
  private let dropout: Dropout

  public init(_ scope: Scope, _ shape: ImageClassifierShape = .imageNet, dropout: Double = 0.5) {
    self.dropout = Dropout(dropout)
    let features = (scope / "features").with(weightInitializer: .kaimingUniform())
    stem = Conv2D(
      features / 0, shape.channels, 64, kernel: 3, stride: shape.isSmall ? 1 : 2,
      padding: shape.isSmall ? 1 : 0)
    // The channels between the convolutions of each, nil for a pooling.
    let widths: [Int?] = [nil, 16, 16, nil, 32, 32, nil, 48, 48, 64, 64]
    var inputs = 64
    var parts: [Part] = []
    for (index, width) in widths.enumerated() {
      guard let width else {
        parts.append(.pool)
        continue
      }
      parts.append(.fire(Fire(features / (index + 2), inputs, width)))
      inputs = 8 * width
    }
    self.parts = parts
    let start = Initializer.normal(std: 0.01)
    classifier = Conv2D(
      (scope / "classifier" / 1).with(weightInitializer: start), inputs, shape.classes, kernel: 1)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let features = parts.reduce(relu(stem(x))) { h, part in
      switch part {
      case .pool: SqueezeNet.pooled(h)
      case .fire(let fire): fire(h)
      }
    }
    return globalAveragePool(relu(classifier(dropout(features))))
  }

  /// The greatest of 3 × 3 at stride 2; a last window may reach over the border (PyTorch's ceil mode).
  private static func pooled(_ x: Tensor) -> Tensor {
    func missing(_ extent: Int) -> Int {
      let count = 1 + max(0, extent - 2) / 2
      return max(0, 2 * (count - 1) + 3 - extent)
    }
    let (bottom, right) = (missing(x.shape[1]), missing(x.shape[2]))
    if bottom == 0 && right == 0 { return maxPool2D(x, 3, stride: 2) }
    let widths = [(low: 0, high: 0), (low: 0, high: bottom), (low: 0, high: right), (low: 0, high: 0)]
    return maxPool2D(x.padded(widths, .constant(-Double.infinity)), 3, stride: 2)
  }
}

/// A convolution of 1 × 1 to few channels, then one of 1 × 1 beside one of 3 × 3, to eight times as many.
private struct Fire: Layer {
  let squeeze: Conv2D
  let expand1x1: Conv2D
  let expand3x3: Conv2D

  init(_ scope: Scope, _ inputs: Int, _ width: Int) {
    squeeze = Conv2D(scope / "squeeze", inputs, width, kernel: 1)
    expand1x1 = Conv2D(scope / "expand1x1", width, 4 * width, kernel: 1)
    expand3x3 = Conv2D(scope / "expand3x3", width, 4 * width, kernel: 3, padding: 1)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let few = relu(squeeze(x))
    return concatenate([relu(expand1x1(few)), relu(expand3x3(few))], axis: -1)
  }
}
