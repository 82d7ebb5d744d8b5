import Apus

/// A multilayer perceptron with one hidden layer; it sees pixels, not images.
///
/// Input: `[batch, height, width, channel]`. Output: logits, `[batch, class]`.
public struct MLP: Layer {
  let hidden: Linear
  let output: Linear

  public init(_ scope: Scope, _ shape: ImageClassifierShape, width: Int = 128) {
    let pixels = shape.height * shape.width * shape.channels
    hidden = Linear(scope / "hidden", pixels, width)
    output = Linear(scope / "output", width, shape.classes)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    output(relu(hidden(x.flattened(from: 1))))
  }
}
