import Apus

/// LeNet-5 (LeCun et al., 1998), with ReLU and greatest elements in place of sigmoid and means, as in
/// PyTorch's tutorial, whose parameter names it has.
///
/// Input: `[batch, height, width, channel]`, made for 32 × 32; smaller images get a border of two
/// zeros. Traps on images below 12 × 12. Output: logits, `[batch, class]`.
public struct LeNet: Layer {
  private let conv1: Conv2D
  private let conv2: Conv2D
  private let fc1: Linear
  private let fc2: Linear
  private let fc3: Linear

  public init(_ scope: Scope, _ shape: ImageClassifierShape) {
    let border = min(shape.height, shape.width) < 32 ? 2 : 0
    check(
      min(shape.height, shape.width) >= 12, .shape, "LeNet",
      "images of \(shape.height) × \(shape.width) are too small",
      hint: "use images of at least 12 × 12, or the model cnn.")
    func left(_ extent: Int) -> Int { max(1, ((extent + 2 * border - 4) / 2 - 4) / 2) }
    conv1 = Conv2D(
      scope / "conv1", shape.channels, 6, kernel: 5, padding: .symmetric(PerAxis(border)))
    conv2 = Conv2D(scope / "conv2", 6, 16, kernel: 5)
    fc1 = Linear(scope / "fc1", 16 * left(shape.height) * left(shape.width), 120)
    fc2 = Linear(scope / "fc2", 120, 84)
    fc3 = Linear(scope / "fc3", 84, shape.classes)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let features = maxPool2D(relu(conv2(maxPool2D(relu(conv1(x)), 2))), 2)
    // In PyTorch's order, [channel, height, width], so that its weights fit.
    let flat = features.permuted(0, 3, 1, 2).flattened(from: 1)
    return fc3(relu(fc2(relu(fc1(flat)))))
  }
}
