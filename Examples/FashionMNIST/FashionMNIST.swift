import Apus
import ApusData
import ApusTrain
import ArgumentParser

/// A small convolutional network on 60,000 pictures of clothes, moved by a pixel and mirrored at random.
struct FashionMNIST: Example {
  static let configuration = CommandConfiguration(
    commandName: "fashion-mnist", abstract: "A CNN on Fashion-MNIST: at least 92.5 % test accuracy.")
  static let dataNames = ["fashion-mnist"]

  @OptionGroup var options: ExampleOptions

  func train() async throws -> ExampleScore {
    // The embedded digits take its place where a test has nothing else.
    let path = options.data == Digits.name ? Digits.name : try dataPath()
    var dataset = try ImageDataset.open(path)
    if options.isShort { dataset = dataset.thinned(training: 6_000, heldOut: 1_000) }
    var settings = TrainingConfiguration()
    settings.data = path
    settings.model = "cnn"
    settings.epochs = options.isShort ? max(1, 6_000 / dataset.training.count) : 10
    settings.batchSize = 128
    settings.shift = 1
    settings.seed = options.seed

    let size = dataset.size
    let crop = RandomCrop(height: size.height, width: size.width, padding: settings.shift)
    let loader = ImageLoader(
      dataset.training, batchSize: settings.batchSize, seed: settings.seed,
      transform: Compose(crop, RandomHorizontalFlip()))
    let total = settings.epochs * loader.batchCount
    let schedule = Schedule.warmupCosine(settings.learningRate, warmup: total / 10, total: total)
    let optimizer = AdamW(learningRate: schedule, weightDecay: settings.weightDecay)
    let recipe = ClassifierRecipe(source: loader, optimizer: optimizer, precision: .bf16)
    let accuracy = try await heldOutAccuracy(settings, dataset, recipe)
    return ExampleScore(name: "test accuracy", value: accuracy, bar: 0.925, isShare: true)
  }
}
