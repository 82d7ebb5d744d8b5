import Apus
import Testing

private struct MLP: Layer {
  let hidden: Linear, norm: LayerNorm, output: Linear

  init(_ scope: Scope) {
    hidden = Linear(scope / "hidden", 6, 8)
    norm = LayerNorm(scope / "norm", 8)
    output = Linear(scope / "output", 8, 3)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { output(norm(tanh(hidden(x)))) }
}

private struct CNN: Layer {
  let conv1: Conv2D, norm: BatchNorm, conv2: Conv2D, output: Linear

  init(_ scope: Scope) {
    conv1 = Conv2D(scope / "conv1", 2, 4, kernel: 3, padding: 1, bias: false)
    norm = BatchNorm(scope / "norm", 4)
    conv2 = Conv2D(scope / "conv2", 4, 6, kernel: 3, stride: 2, groups: 2, bias: false)
    output = Linear(scope / "output", 6 * 3 * 3, 3)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let h = relu(norm(conv1(x)))
    let pooled = averagePool2D(maxPool2D(h, 2, stride: 1), 2, stride: 1)
    return output(gelu(conv2(pooled)).flattened(from: 1))
  }
}

private struct Text: Layer {
  let embedding: Embedding, conv: Conv1D, output: Linear

  init(_ scope: Scope) {
    embedding = Embedding(scope / "embedding", 7, 5)
    conv = Conv1D(scope / "conv", 5, 4, kernel: 3, padding: .same, dilation: 2)
    output = Linear(scope / "output", 4, 3)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { output(silu(conv(embedding(x))).mean(axis: 1)) }
}

/// Ten steps give PyTorch's losses, gradients and parameters.
@Suite struct TrainingTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var model: String
    var optimizer: String
    var make: @Sendable (Scope) -> any Layer
    var testDescription: String { "\(model)-\(optimizer)" }
  }

  static let optimizers: [String: any Optimizer] = [
    "sgd": SGD(learningRate: 0.1),
    "momentum": SGD(learningRate: 0.05, momentum: 0.9, dampening: 0.1, weightDecay: 0.01),
    "nesterov": SGD(learningRate: 0.05, momentum: 0.9, nesterov: true),
    "adam": Adam(learningRate: 0.01, weightDecay: 0.01),
    "adamw": AdamW(learningRate: 0.01, weightDecay: 0.1),
  ]

  static let cases: [Case] =
    optimizers.keys.sorted().map { Case(model: "mlp", optimizer: $0) { MLP($0) } } + [
      Case(model: "cnn", optimizer: "adamw") { CNN($0) },
      Case(model: "cnn", optimizer: "momentum") { CNN($0) },
      Case(model: "text", optimizer: "adam") { Text($0) },
    ]

  @Test(arguments: cases) func equalsPyTorch(_ item: Case) throws {
    let golden = Golden("training-\(item.model)-\(item.optimizer)")
    let store = ParameterStore()
    let probe = ParameterStore()
    let model = item.make(store.scope)
    let probeModel = item.make(probe.scope)
    let initial = golden.names.filter { $0.hasPrefix("initial.") }
    try store.load(
      Dictionary(uniqueKeysWithValues: initial.map { (String($0.dropFirst(8)), golden[$0]) }))
    func loss(_ model: any Layer, _ batch: Batch) -> Tensor {
      crossEntropy(logits: model(batch.x), labels: batch.y)
    }
    let optimizer = Self.optimizers[item.optimizer]!
    let step = Step(model, optimizer) { model, batch in loss(model, batch) }
    let losses = golden["loss"].array(of: Double.self)

    for number in 0..<10 {
      let batch = Batch(x: golden["x.\(number)"], y: golden["y.\(number)"])
      try probe.load(store.state)
      let trainable = probe.trainable
      let found = try withTraining { try gradients(of: loss(probeModel, batch), for: trainable) }
      try eval(found)
      for (parameter, gradient) in zip(trainable, found) {
        let key = "gradient.\(number).\(parameter.path)"
        expectClose(gradient, golden[key], relative: 1e-4, absolute: 1e-5, key)
      }
      let value = try step(batch)
      expectClose(value, Tensor(losses[number], dtype: .f32), relative: 1e-5, "loss \(number)")
      for parameter in store.parameters {
        let key = "parameter.\(number).\(parameter.path)"
        expectClose(parameter.value, golden[key], relative: 1e-5, absolute: 1e-5, key)
      }
    }
  }

  @Test func keysArePyTorchs() {
    let golden = Golden("training-cnn-adamw")
    let store = ParameterStore.shapesOnly()
    _ = CNN(store.scope)
    let expected = golden.names.filter { $0.hasPrefix("initial.") }.map { String($0.dropFirst(8)) }
    #expect(store.parameters.map(\.path).sorted() == expected.sorted())
  }
}
