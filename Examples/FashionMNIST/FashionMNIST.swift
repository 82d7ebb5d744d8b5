import Apus
import ApusData
import ApusModels
import ApusTrain
import ArgumentParser

/// A small convolutional network on 60,000 pictures of clothes.
struct FashionMNIST: Example {
  static let configuration = CommandConfiguration(
    commandName: "fashion-mnist", abstract: "A CNN on Fashion-MNIST: at least 92.5 % test accuracy.")
  static let dataName: String? = "fashion-mnist"

  @OptionGroup var options: ExampleOptions

  func train() async throws -> ExampleScore {
    let dataset = try ImageDataset.open(try dataPath())
    let training = options.isShort ? dataset.training.subset(Array(0..<6_000)) : dataset.training
    let epochs = options.isShort ? 1 : 6
    let source = ImageLoader(training, batchSize: 128, seed: options.seed, shift: 1)
    let shape = ImageClassifierShape(height: 28, width: 28, channels: 1, classes: 10)
    let normalization = Normalization(of: training)

    let store = ParameterStore(seed: options.seed)
    let model = CNN(store.scope, shape)
    let total = epochs * source.batchCount
    let optimizer = AdamW(learningRate: .warmupCosine(3e-3, warmup: total / 10, total: total))
    let step = Step(model, optimizer, seed: options.seed) { model, batch in
      crossEntropy(logits: model(normalization(batch.x)), labels: batch.y)
    }
    let logits = compiled { model(normalization($0)) }
    var accuracy = 0.0
    let trainer = try Trainer(
      step, store, source: source, options: TrainingOptions(epochs: epochs, readEvery: 20),
      callbacks: [ProgressDisplay(title: "CNN on Fashion-MNIST")]
    ) {
      accuracy = try measure(dataset.heldOut, logits)
      return ["accuracy": accuracy]
    }
    _ = try await trainer.run()
    return ExampleScore(name: "test accuracy", value: accuracy, bar: 0.925, isShare: true)
  }

  private func measure(_ images: LabeledImages, _ logits: Compiled<Tensor, Tensor>) throws -> Double {
    var hits = 0
    for start in stride(from: 0, to: images.count, by: 500) {
      let batch = images.batch(Array(start..<min(start + 500, images.count)))
      let isRight = try logits(batch.x).argMax(axis: -1) .== batch.y
      hits += Int(isRight.to(.i64).sum().item)
    }
    return Double(hits) / Double(images.count)
  }
}
