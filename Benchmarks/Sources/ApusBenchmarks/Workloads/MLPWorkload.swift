import Apus

/// 784 inputs, 500 hidden units, 10 classes.
struct DigitMLP {
  let hidden: Linear
  let output: Linear

  init(_ scope: Scope) {
    hidden = Linear(scope / "hidden", 784, 500)
    output = Linear(scope / "output", 500, 10)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { output(relu(hidden(x))) }
}

enum MLPWorkload {
  static func train(_ data: Data, _ precision: DType) throws -> Run {
    try data.training(data.load { DigitMLP($0) }, precision) { model, batch in
      crossEntropy(logits: model(batch.x), labels: batch.y)
    }
  }

  static func infer(_ data: Data) throws -> Run {
    let model = try data.load { DigitMLP($0) }
    return try data.inference { model($0) }
  }
}
