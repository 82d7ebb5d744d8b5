import Apus
import ApusData

struct DigitNet: Layer {
  let conv: Conv2D, hidden: Linear, output: Linear

  init(_ scope: Scope) {
    conv = Conv2D(scope / "conv", 1, 32, kernel: 3, padding: 1)
    hidden = Linear(scope / "hidden", 32 * 4 * 4, 128)
    output = Linear(scope / "output", 128, 10)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let h = maxPool2D(relu(conv(x / 255)), 2)
    return output(relu(hidden(h.flattened(from: 1))))
  }
}

let digits = Digits.dataset
let loader = ImageLoader(digits.training, batchSize: 64)
let epochs = 10

let store = ParameterStore(seed: 0)
let model = DigitNet(store.scope)
let total = epochs * loader.batchCount
let step = Step(model, AdamW(learningRate: .warmupCosine(3e-3, warmup: 20, total: total))) {
  model, batch in
  crossEntropy(logits: model(batch.x), labels: batch.y)
}

for epoch in 0..<epochs {
  var loss = Tensor(0.0)
  for try await batch in loader.epoch(epoch) { loss = try step(batch) }
  print("epoch \(epoch + 1): loss \(loss.item)")
}

let test = digits.heldOut.batch(Array(0..<digits.heldOut.count))
let isRight = model(test.x).argMax(axis: -1) .== test.y
print("accuracy \(isRight.mean().item)")
