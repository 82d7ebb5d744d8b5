import Apus

/// A small convolutional network in the line of LeNet-5 (LeCun et al., 1998): two convolutions of
/// 3 × 3 that keep the size, one pooling, two dense layers.
///
/// Input: `[batch, height, width, channel]`. Output: logits, `[batch, class]`.
public struct CNN: Layer {
  let conv1: Conv2D
  let conv2: Conv2D
  let hidden: Linear
  let output: Linear
  let dropout: Dropout

  public init(_ scope: Scope, _ shape: ImageClassifierShape) {
    conv1 = Conv2D(scope / "conv1", shape.channels, 32, kernel: 3, padding: 1)
    conv2 = Conv2D(scope / "conv2", 32, 64, kernel: 3, padding: 1)
    hidden = Linear(scope / "hidden", 64 * (shape.height / 2) * (shape.width / 2), 128)
    output = Linear(scope / "output", 128, shape.classes)
    dropout = Dropout(0.3)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let features = maxPool2D(relu(conv2(relu(conv1(x)))), 2)
    return output(dropout(relu(hidden(features.flattened(from: 1)))))
  }
}
