import Apus
import ApusModels
import Testing

/// Protects the way of torchvision's checkpoints into the models, and that they learn.
@Suite struct ImageClassifierTests {
  @Test func namesAndShapesAreTorchvisions() throws {
    for (name, golden) in try Golden.load() {
      guard let keys = golden.keys else { continue }
      let store = ParameterStore.shapesOnly()
      let maker = try #require(ModelRegistry.maker(name))
      _ = maker(store.scope, .imageNet)
      let found = store.parameters.map { Golden.Key(name: $0.path, shape: $0.shape.extents) }
      let differs = zip(found, keys).first { $0 != $1 }
      #expect(found.count == keys.count && differs == nil, "\(name): \(String(describing: differs))")
    }
  }

  @Test func outputsArePyTorchs() throws {
    let golden = try Golden.load()
    let x = patterned("x", [2, 32, 32, 3])
    let larger = patterned("x", [1, 48, 64, 3])
    var shape = ImageClassifierShape.imageNet
    shape.classes = 10
    var small = ImageClassifierShape(height: 32, width: 32, channels: 3, classes: 7)

    func expect(_ name: String, _ x: Tensor, _ make: (Scope) -> any Layer) throws {
      try expectOutputs(golden[name], make) { [$0(x)] }
    }
    try expect("lenet-32", x) { LeNet($0, small) }
    try expect("lenet-28", patterned("x", [2, 28, 28, 1])) {
      LeNet($0, ImageClassifierShape(height: 28, width: 28, channels: 1, classes: 10))
    }
    small.classes = 10
    try expect("resnet-basic", larger) {
      ResNet($0, .init(shape, counts: [1, 2, 1, 1], isBottleneck: false))
    }
    try expect("resnet-bottleneck", larger) {
      ResNet($0, .init(shape, counts: [1, 1, 1, 1], isBottleneck: true))
    }
    try expect("resnet-small", x) {
      ResNet($0, .init(small, counts: [1, 1, 1, 1], isBottleneck: false))
    }
    // Extents at which windows of a pooling reach over the border.
    try expect("squeezenet", patterned("x", [1, 68, 52, 3])) { SqueezeNet($0, shape) }
    try expect("mobilenet-v1", larger) { MobileNetV1($0, .init(shape, widthMultiplier: 0.25)) }
    try expect("mobilenet-v2", larger) { MobileNetV2($0, .init(shape, widthMultiplier: 0.35)) }
    try expect("shufflenet", larger) { ShuffleNetV2($0, .x0_5(shape)) }
    try expect("vit", x) {
      VisionTransformer($0, .init(small, patch: 8, depth: 2, heads: 2, width: 16, hidden: 32))
    }
  }

  @Test func modelsLearn() throws {
    let shape = ImageClassifierShape(height: 16, width: 16, channels: 3, classes: 4)
    let makers: [(Scope) -> any Layer] = [
      { LeNet($0, shape) },
      { ResNet($0, .init(shape, counts: [1, 1], isBottleneck: false)) },
      { ResNet($0, .init(shape, counts: [1, 1], isBottleneck: true)) },
      { SqueezeNet($0, shape, dropout: 0) },
      { MobileNetV1($0, .init(shape, widthMultiplier: 0.1)) },
      { MobileNetV2($0, .init(shape, widthMultiplier: 0.1, dropout: 0)) },
      { ShuffleNetV2($0, .init(shape, widths: [8], lastWidth: 32)) },
      { VisionTransformer($0, .init(shape, patch: 8, depth: 2, heads: 2, width: 16, hidden: 32)) },
    ]
    let x = patterned("x", [8, 16, 16, 3])
    for make in makers {
      let store = ParameterStore(seed: 1)
      try expectLearning(make(store.scope), store, loss: { model, x in
        crossEntropy(logits: model(x), labels: [0, 1, 2, 3, 0, 1, 2, 3])
      }, on: x)
    }
  }

  @Test func everyRegisteredModelTakesSmallAndLargeImages() throws {
    for name in ModelRegistry.names {
      let maker = try #require(ModelRegistry.maker(name))
      for size in [28, 32, 224] {
        let shape = ImageClassifierShape(height: size, width: size, channels: 3, classes: 5)
        let model = maker(ParameterStore.shapesOnly().scope, shape)
        let logits = model(Tensor.zeros([2, size, size, 3]))
        #expect(logits.shape == [2, 5], "\(name) at \(size)")
      }
    }
  }

  @Test func imagesThatDoNotFitAreNamed() {
    func mistake(_ make: () -> Void) -> String {
      do {
        try withTensorErrors(make)
        return ""
      } catch {
        return "\(error)"
      }
    }
    let tiny = ImageClassifierShape(height: 8, width: 8, channels: 1, classes: 10)
    #expect(mistake { _ = LeNet(ParameterStore().scope, tiny) }.contains("8 × 8 are too small"))
    let odd = ImageClassifierShape(height: 30, width: 30, channels: 1, classes: 10)
    let message = mistake { _ = VisionTransformer(ParameterStore.shapesOnly().scope, .tiny(odd)) }
    #expect(message.contains("patches of 4 × 4"))
  }
}
