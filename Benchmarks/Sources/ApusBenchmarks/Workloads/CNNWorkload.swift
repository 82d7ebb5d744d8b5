import Apus

/// Two convolutions with pooling and two dense layers on images of 28 × 28.
struct DigitCNN {
  let conv1: Conv2D
  let conv2: Conv2D
  let hidden: Linear
  let output: Linear

  init(_ scope: Scope) {
    conv1 = Conv2D(scope / "conv1", 1, 32, kernel: 3, padding: 1)
    conv2 = Conv2D(scope / "conv2", 32, 64, kernel: 3, padding: 1)
    hidden = Linear(scope / "hidden", 64 * 7 * 7, 128)
    output = Linear(scope / "output", 128, 10)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let first = maxPool2D(relu(conv1(x)), 2)
    let second = maxPool2D(relu(conv2(first)), 2)
    return output(relu(hidden(second.flattened(from: 1))))
  }

  /// PyTorch flattens `[channel, height, width]`, Apus `[height, width, channel]`.
  @Sendable static func adapt(_ path: String, _ weight: Tensor) -> Tensor {
    guard path == "hidden.weight" else { return weight }
    return weight.reshaped(128, 64, 7, 7).permuted(0, 2, 3, 1).reshaped(128, 7 * 7 * 64)
  }
}

enum CNNWorkload {
  static func train(_ data: Data, _ precision: DType) throws -> Run {
    let model = try data.load({ DigitCNN($0) }, adapt: DigitCNN.adapt)
    return try data.training(model, precision) { model, batch in
      crossEntropy(logits: model(batch.x), labels: batch.y)
    }
  }
}
