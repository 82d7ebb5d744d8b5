import Apus
import ApusModels
import Testing

@Suite struct ImageMapTests {
  @Test func outputsArePyTorchs() throws {
    let golden = try Golden.load()
    try expectOutputs(golden["unet"], { UNet($0, .init(classes: 2, widths: [4, 8, 16])) }) {
      [$0(patterned("x", [1, 12, 16, 3]))]
    }
    let sizes = TextDetector.Configuration(widths: [4, 6, 8, 8, 8], mergedWidth: 6)
    try expectOutputs(golden["text-detector"], { TextDetector($0, sizes) }) {
      [$0(patterned("x", [1, 64, 96, 3]))]
    }
  }

  @Test func uNetLearns() throws {
    let store = ParameterStore(seed: 1)
    let model = UNet(store.scope, .init(channels: 1, classes: 2, widths: [4, 8]))
    let x = patterned("x", [2, 8, 8, 1])
    try expectLearning(model, store, learningRate: 1e-2, loss: { model, x in
      crossEntropy(logits: model(x), labels: (x.squeezed(-1) .> 0).to(.i64))
    }, on: x)
  }

  @Test func extentsThatCannotBeHalvedAreNamed() {
    #expect(throws: TensorError.self) {
      try withTensorErrors { UNet(ParameterStore().scope, .init(widths: [4, 8]))(.zeros([1, 7, 8, 3])) }
    }
    #expect(throws: TensorError.self) {
      try withTensorErrors { TextDetector(ParameterStore().scope)(.zeros([1, 48, 64, 3])) }
    }
  }

  /// Images of 64 × 64 with two bright striped bars on noise, and where they are, at 1/4 of the extents.
  private func pages(_ count: Int, seed: UInt64) -> (x: Tensor, y: Tensor, boxes: [[TextBox]]) {
    var x = pattern("page\(seed)", count * 64 * 64).map { abs($0) * 0.3 }
    var y = [Float](repeating: 0, count: count * 16 * 16)
    var boxes: [[TextBox]] = []
    let places = pattern("place\(seed)", 4 * count).map { Int(($0 + 1) / 2 * 7) }
    for page in 0..<count {
      boxes.append([])
      for line in 0..<2 {
        let (left, top) = (places[4 * page + 2 * line], 8 * line + places[4 * page + 2 * line + 1] % 5)
        for row in top..<top + 2 {
          for column in left..<left + 8 { y[(page * 16 + row) * 16 + column] = 1 }
        }
        for row in 4 * top..<4 * top + 8 {
          for column in 4 * left..<4 * left + 32 where column % 4 < 2 {
            x[(page * 64 + row) * 64 + column] = 1
          }
        }
        boxes[page].append(
          TextBox(x: 4 * left..<4 * left + 32, y: 4 * top..<4 * top + 8, score: 1))
      }
    }
    return (Tensor(x, shape: [count, 64, 64, 1]), Tensor(y, shape: [count, 16, 16, 1]), boxes)
  }

  /// The whole way from pixels to boxes, on pages that the detector has not seen.
  @Test func detectorFindsBars() throws {
    let store = ParameterStore(seed: 1)
    let sizes = TextDetector.Configuration(channels: 1, widths: [8, 8, 16, 16, 16], mergedWidth: 16)
    let model = TextDetector(store.scope, sizes)
    let step = Step<TextDetector, Batch>(model, Adam(learningRate: 1e-2)) { model, batch in
      TextDetector.loss(logits: model(batch.x), targets: batch.y)
    }
    let training = pages(16, seed: 1)
    let batch = Batch(x: training.x, y: training.y)
    let before = store.trainable.map(\.value)
    let losses = try (0..<60).map { _ in try step(batch).item }
    let isLower = losses[59] < 0.2 * losses[0]
    #expect(isLower, "from \(losses[0]) to \(losses[59])")
    for (parameter, first) in zip(store.trainable, before) {
      let isChanged = parameter.value != first
      #expect(isChanged, "\(parameter) did not change")
    }
    let unseen = pages(8, seed: 2)
    let scores = sigmoid(model(unseen.x)).array(of: Float.self)
    for page in 0..<8 {
      let found = TextBox.boxes(scores: Array(scores[page * 256..<(page + 1) * 256]), width: 16)
      let agree = zip(found, unseen.boxes[page]).filter { overlap($0, $1) > 0.6 }
      #expect(found.count == 2 && agree.count == 2, "page \(page): \(found), not \(unseen.boxes[page])")
    }
  }

  /// Intersection over union.
  private func overlap(_ a: TextBox, _ b: TextBox) -> Double {
    let common = a.x.clamped(to: b.x).count * a.y.clamped(to: b.y).count
    return Double(common) / Double(a.x.count * a.y.count + b.x.count * b.y.count - common)
  }

  @Test func boxesAreThoseOfConnectedElements() {
    let scores: [Float] = [
      0.9, 0.7, 0, 0, 0,
      0, 0.8, 0, 0, 1,
      0, 0, 0.9, 0, .nan,
      0.6, 0, 0, 0.6, 0.6,
    ]
    let boxes = TextBox.boxes(scores: scores, width: 5)
    #expect(boxes.map(\.x) == [0..<8, 12..<20])
    #expect(boxes.map(\.y) == [0..<8, 12..<16])
    #expect(abs(boxes[0].score - 0.8) < 1e-6)
    #expect(TextBox.boxes(scores: scores, width: 5, minimumCount: 1, scale: 1).count == 5)
    #expect(TextBox.boxes(scores: scores, width: 5, threshold: 2).isEmpty)
    #expect(TextBox.boxes(scores: [], width: 5).isEmpty && TextBox.boxes(scores: scores, width: 0).isEmpty)
  }
}
