import Apus
import ApusData
import ApusTrain
import ArgumentParser
import Foundation

/// A residual network of ten layers on 10,000 small photographs; 2,000 others are held out. They are an archive's
/// `train` and `test`, or part of what `apus data get cifar-10` fetches.
struct CIFAR10: Example {
  static let configuration = CommandConfiguration(
    commandName: "cifar10", abstract: "A ResNet on 10,000 pictures of CIFAR-10: at least 75 % on 2,000 others.")
  static let dataNames = ["cifar-10", "cifar10-jpeg"]

  @OptionGroup var options: ExampleOptions

  func train() async throws -> ExampleScore {
    let folder = try dataPath()
    let archive = "\(folder)/cifar10-subset.tar.gz"
    let path = FileManager.default.fileExists(atPath: archive) ? archive : folder
    var dataset = try ImageDataset.open(path)
    // Of the whole of CIFAR-10 as many as the smaller archive has.
    dataset =
      options.isShort
      ? dataset.thinned(training: 2_000, heldOut: 500) : dataset.thinned(training: 10_000, heldOut: 2_000)
    var settings = TrainingConfiguration()
    settings.data = path
    settings.model = "resnet10_x0_5"
    settings.epochs = options.isShort ? 2 : 40
    settings.batchSize = 50
    settings.learningRate = 0.05
    settings.weightDecay = 5e-4
    settings.shift = 4
    settings.seed = options.seed

    let size = dataset.size
    let crop = RandomCrop(
      height: size.height, width: size.width, padding: settings.shift, paddingMode: .reflect)
    let loader = ImageLoader(
      dataset.training, batchSize: settings.batchSize, seed: settings.seed, dropsLast: true,
      transform: Compose(crop, RandomHorizontalFlip(), Cutout(size: size.height / 4)))
    let total = settings.epochs * loader.batchCount
    let cycle = OneCycle(maximum: settings.learningRate, total: total, warmup: 0.2)
    let sgd = SGD(
      learningRate: cycle.learningRate, momentum: cycle.momentum, weightDecay: settings.weightDecay, nesterov: true)
    // The average reaches back over the last steps, in which the learning rate is near zero.
    let average = WeightAverage.ema(decay: 1 - 10 / Double(max(total, 20)))
    let recipe = ClassifierRecipe(
      source: loader, optimizer: sgd.averaging(average), precision: .bf16, labelSmoothing: 0.1)
    let accuracy = try await heldOutAccuracy(settings, dataset, recipe)
    return ExampleScore(name: "accuracy on held-out pictures", value: accuracy, bar: 0.75, isShare: true)
  }
}
