import Apus
import Testing

/// A token model whose output layer is its embedding, as in GPT-2.
private struct Tied: Layer {
  let embedding: Embedding, hidden: Linear

  init(_ scope: Scope) {
    embedding = Embedding(scope / "embedding", 6, 4)
    hidden = Linear(scope / "hidden", 4, 4)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    matmul(tanh(hidden(embedding(x))), embedding.weight.value.transposed())
  }
}

/// One parameter used twice is one parameter; a frozen one stays.
@Suite struct SharingTests {
  private let tokens = Tensor([1, 3, 5, 0])
  private let targets = Tensor([2, 2, 4, 1])

  @Test func tiedWeightsGetBothGradients() throws {
    let store = ParameterStore(seed: 4)
    let model = Tied(store.scope)
    #expect(store.parameters.map(\.path) == ["embedding.weight", "hidden.weight", "hidden.bias"])
    let loss = crossEntropy(logits: model(tokens), labels: targets)
    let table = model.embedding.weight.value
    let whole = try gradients(of: loss, for: [table])[0]
    // The same with two tensors in the place of one.
    let input = table.evaluatedCopy, output = table.evaluatedCopy
    let hidden = tanh(model.hidden(input.take(tokens)))
    let apart = crossEntropy(logits: matmul(hidden, output.transposed()), labels: targets)
    let parts = try gradients(of: apart, for: [input, output])
    expectClose(whole, parts[0] + parts[1])
  }

  @Test func tiedWeightsStayOneInTraining() throws {
    let store = ParameterStore(seed: 4)
    let model = Tied(store.scope)
    let (tokens, targets) = (tokens, targets)
    let step = Step(model, AdamW(learningRate: 0.05)) { (model: Tied, x: Tensor) in
      crossEntropy(logits: model(x), labels: targets)
    }
    let first = try step(tokens).item
    for _ in 0..<30 { try step(tokens) }
    #expect(try step(tokens).item < 0.3 * first)
    let copy = ParameterStore(seed: 9)
    let again = Tied(copy.scope)
    try copy.load(store.state)
    let isSame = again(tokens).argMax(axis: -1) == model(tokens).argMax(axis: -1)
    #expect(isSame)
  }

  @Test func frozenLayersStay() throws {
    let store = ParameterStore(seed: 4)
    let scope = store.scope
    let model = Sequential([
      Linear(scope.frozen / "base", 4, 4), BatchNorm(scope.frozen / "norm", 4), Linear(scope / "head", 4, 2),
    ])
    #expect(store.trainable.map(\.path) == ["head.weight", "head.bias"])
    let before = store.state
    let x = Tensor.normal([8, 4], key: RandomKey(seed: 1))
    let step = Step(model, SGD(learningRate: 0.1)) { (model: Sequential, x: Tensor) in
      (model(x) * model(x)).mean()
    }
    try step(x)
    var changed: [String] = []
    for parameter in store.parameters where parameter.value != before[parameter.path]! {
      changed.append(parameter.path)
    }
    // Running statistics are no parameters: as in PyTorch they move unless the layer infers.
    #expect(
      changed == [
        "norm.running_mean", "norm.running_var", "norm.num_batches_tracked", "head.weight",
        "head.bias",
      ])
  }

  @Test func unfreezingTrainsAgain() throws {
    let store = ParameterStore(seed: 4)
    let layer = Linear(store.scope, 3, 2)
    layer.weight.isTrainable = false
    let step = Step(layer, SGD(learningRate: 0.1)) { (layer: Linear, x: Tensor) in layer(x).sum() }
    let x = Tensor.ones([2, 3])
    let first = layer.weight.value
    try step(x)
    let stays = layer.weight.value == first
    #expect(stays)
    layer.weight.isTrainable = true
    try step(x)
    let moves = layer.weight.value != first
    #expect(moves)
  }
}

extension Tensor {
  /// The same values as data of their own.
  fileprivate var evaluatedCopy: Tensor { Tensor(array(of: Float.self), shape: shape) }
}
