import Apus
import Testing

@Suite struct LayerTests {
  @Test func sequences() throws {
    let keys: [String: Shape] = ["0.weight": [4, 3], "0.bias": [4], "2.weight": [2, 4], "2.bias": [2]]
    try checkLayer(keys, input: [5, 3], output: [5, 2]) {
      Sequential($0, { Linear($0, 3, 4) }, { _ in GELU() }, { Linear($0, 4, 2) })
    }
  }

  @Test func layersWithoutParameters() throws {
    let layers: [(any Layer, Shape)] = [
      (MaxPool2D(2), [2, 3, 2, 3]), (AveragePool2D(3, stride: 1, padding: 1), [2, 6, 4, 3]),
      (GlobalAveragePool(), [2, 3]), (GlobalMaxPool(), [2, 3]), (Flatten(), [2, 72]),
      (Dropout(0.5), [2, 6, 4, 3]), (ReLU(), [2, 6, 4, 3]), (Softmax(), [2, 6, 4, 3]),
    ]
    for (layer, output) in layers {
      try checkLayer([:], input: [2, 6, 4, 3], output: output) { _ in layer }
    }
  }

  @Test func embeddingsLookUp() {
    let layer = Embedding(ParameterStore().scope, 5, 3)
    #expect(layer(Tensor([[1, 4]])) == layer.weight.value[[1, 4] as Tensor].expanded(at: 0))
  }

  @Test func averagePoolsCountPaddingOnRequest() {
    let x = Tensor.ones([1, 2, 2, 1])
    #expect(averagePool2D(x, 2, stride: 1, padding: 1)[0, 0, 0, 0].item == 0.25)
    #expect(averagePool2D(x, 2, stride: 1, padding: 1, countsPadding: false) == Tensor.ones([1, 3, 3, 1]))
  }

  @Test func dropoutScalesInTrainingOnly() {
    let x = Tensor.ones([10_000])
    #expect(dropout(x, 0.4) == x)
    let dropped = withTraining { withRandom(seed: 1) { dropout(x, 0.4) } }
    #expect(abs(dropped.mean().item - 1) < 0.05)
    #expect(abs((dropped .== 0).mean().item - 0.4) < 0.02)
  }

  @Test func initialDistributionsArePyTorchs() {
    let store = ParameterStore(seed: 5)
    let linear = Linear(store.scope / "linear", 100, 200)
    let bound = 0.1
    #expect(abs(linear.weight.value).max().item <= bound)
    #expect(abs(linear.weight.value.std().item - bound / 3.0.squareRoot()) < 0.002)
    #expect(abs(linear.bias!.value).max().item <= bound)
    let conv = Conv2D(store.scope / "conv", 16, 32, kernel: 5)
    #expect(abs(conv.weight.value).max().item <= 0.05)
    #expect(abs(conv.weight.value.std().item - 0.05 / 3.0.squareRoot()) < 0.001)
    let embedding = Embedding(store.scope / "embedding", 100, 50)
    #expect(abs(embedding.weight.value.std().item - 1) < 0.03)
    let padded = Embedding(store.scope / "padded", 4, 50, paddingIndex: 1).weight.value
    #expect(abs(padded[1]).max().item == 0 && padded[2].std().item > 0.5)
    let transposed = ConvTranspose2D(store.scope / "transposed", 16, 32, kernel: 5)
    let reach = 1 / 800.0.squareRoot()
    #expect(abs(transposed.weight.value).max().item <= reach)
    #expect(abs(transposed.weight.value.std().item - reach / 3.0.squareRoot()) < 0.001)
    #expect(abs(transposed.bias!.value).max().item <= reach)
    #expect(PReLU(store.scope / "prelu").weight.value.item == 0.25)
  }

  @Test func scopesSetDtypeAndInitialiser() {
    let store = ParameterStore()
    let layer = Linear(store.scope.with(dtype: .f64).with(weightInitializer: .ones).frozen, 2, 3)
    #expect(layer.weight.value == Tensor.ones([3, 2], dtype: .f64))
    #expect(store.trainable.isEmpty)
  }
}
