import Apus
import ApusData
import ApusFormats
import ApusModels
import ApusTrain
import ArgumentParser
import Foundation

/// A generator learns to make clothes that a classifier of real pictures recognises.
struct GAN: Example {
  static let configuration = CommandConfiguration(
    commandName: "gan",
    abstract: "A GAN on Fashion-MNIST: at least 80 % of its pictures are recognised as their class.")
  static let dataNames = ["fashion-mnist"]

  @Option(help: "Which network makes the pictures: dcgan or gansformer.")
  var generator = GeneratorKind.dcgan

  @Option(help: "The greatest learning rate, of both players.")
  var learningRate: Double?

  @OptionGroup var options: ExampleOptions

  private var rate: Double { learningRate ?? (options.isShort ? 1e-3 : 2e-4) }

  var settings: [(String, String)] { [("generator", generator.rawValue), ("learning rate", "\(rate)")] }

  func train() async throws -> ExampleScore {
    let dataset = try pictures()
    let checkpoint = try start()
    if checkpoint == nil { try? FileManager.default.removeItem(atPath: gridFolder) }
    let classifier = try await trainedClassifier(dataset)
    let isSmall = dataset.size.height < 16
    let training = options.isShort && !isSmall ? dataset.training.subset(Array(0..<6_000)) : dataset.training
    let source = ImageLoader(training, batchSize: isSmall ? 50 : 100, seed: options.seed)
    let size = dataset.size
    let players = try Players(
      generator, ImageShape(height: size.height, width: size.width, channels: size.channels),
      classes: dataset.classNames.count, width: 32, seed: options.seed)
    let epochs = options.isShort ? (isSmall ? 24 : 4) : 16
    let step = adversarialStep(players, totalSteps: epochs * source.batchCount)

    let sample = try Samples(
      players, classNames: dataset.classNames, perClass: options.isShort ? 25 : 100, seed: options.seed)
    let realSpread = try dataset.heldOut.firstOfEachClass(100).spread()
    var confusion: ConfusionMatrix?
    let about = RunDescription(seed: options.seed)
    let title = "\(generator.rawValue) on \(dataset.name)"
    let trainer = try Trainer(
      step, players.store, source: source, options: TrainingOptions(epochs: epochs, readEvery: 20),
      folder: folder,
      callbacks: [
        Checkpointing(every: 200), HistoryFile(), CSVLog(), ProgressDisplay(title: title, unit: "pictures"),
        ReportFile(title: title, settings: settings, about) { page in
          try describe(confusion, dataset, in: &page)
        },
      ]
    ) {
      let pictures = try sample(weights: step.averagedParameters)
      let found = try classifier.evaluate(pictures)
      confusion = found.confusion
      try write(pictures.firstOfEachClass(10), step: step.count)
      return ["recognised": found.accuracy, "spread": try pictures.spread() / realSpread]
    }
    try await complete(trainer, from: checkpoint)
    let spread = trainer.context.validated("spread")
    print("the pictures of a class differ by \(percent(spread)) of what real ones do")
    return ExampleScore(
      name: "recognised pictures", value: trainer.context.validated("recognised"), bar: 0.8, isShare: true)
  }

  /// The players take turns; the generator's weights are averaged.
  private func adversarialStep(_ players: Players, totalSteps: Int) -> AdversarialStep<Batch> {
    let optimizer = Adam(learningRate: .cosine(rate, total: totalSteps), beta1: 0.5)
    let decay = options.isShort ? 0.98 : 0.998
    return AdversarialStep(
      generator: .init(
        players.parameters(of: "generator"), optimizer.averaging(.ema(decay: decay))),
      discriminator: .init(players.parameters(of: "discriminator"), optimizer),
      loss: .nonSaturating, seed: options.seed, precision: options.isShort ? nil : .bf16,
      real: { $0.x.to(.f32) / 127.5 - 1 },
      make: { players.make(players.noise($0.x.shape[0]), $0.y) },
      judge: { players.judge($0, $1.y) })
  }

  /// A classifier that has seen real pictures only. It is trained in a folder of its own and kept there.
  private func trainedClassifier(_ dataset: ImageDataset) async throws -> Classifier {
    let place = RunFolder(path: folder.path + "/classifier")
    if options.resumes, FileManager.default.fileExists(atPath: place.bundleDescription) {
      return try Classifier(bundle: place.path)
    }
    var settings = TrainingConfiguration()
    settings.data = dataset.name
    settings.seed = options.seed
    settings.batchSize = 128
    settings.epochs = dataset.size.height < 16 ? 10 : options.isShort ? 1 : 2
    var images = dataset
    if options.isShort, dataset.training.count > 12_000 {
      images = ImageDataset(
        name: dataset.name, training: dataset.training.subset(Array(0..<12_000)),
        heldOut: dataset.heldOut.subset(Array(0..<1_000)))
    }
    let last = try checkpoint(in: place, configuration: settings.yaml())
    let progress: any ProgressRenderer = options.isShort ? SilentProgress() : PlainProgress()
    let trainer = ClassifierTrainer(settings, images, folder: place, progress: progress)
    switch try await trainer.run(from: last) {
    case .finished(let result):
      print(String(format: "classifier: test accuracy %.2f %%", result.evaluation.accuracy * 100))
      return result.classifier
    case .stopped: throw interrupted
    }
  }

  // MARK: - What the run leaves behind

  private var gridFolder: String { folder.path + "/samples" }

  /// Rows are classes.
  private func write(_ pictures: LabeledImages, step: Int) throws {
    let grid = PNG.encode(PictureGrid.image(pictures, columns: 10))
    try AtomicFile.createFolder(gridFolder)
    try AtomicFile.write(grid, to: gridFolder + String(format: "/step-%07d.png", step))
    try AtomicFile.write(grid, to: folder.path + "/samples.png")
  }

  /// Adds the grids over time, real pictures and what was taken for what.
  private func describe(_ confusion: ConfusionMatrix?, _ dataset: ImageDataset, in page: inout ReportPage) throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: gridFolder))?.sorted() ?? []
    var pictures = try names.map { name in
      ReportPage.Picture(
        try ImageFile.read(path: "\(gridFolder)/\(name)"), caption: name.replacing(".png", with: ""))
    }
    let real = dataset.heldOut.firstOfEachClass(10)
    pictures.append(.init(PictureGrid.image(real, columns: 10), caption: "real pictures"))
    page.add(
      .pictures(pictures), under: "Samples",
      note: "Ten of each class with the averaged weights, from the same random numbers each time.")
    guard let confusion else { return }
    let rows = confusion.classNames.indices.map { index in
      [confusion.classNames[index], String(format: "%.1f %%", 100 * (confusion.recall(index) ?? 0))]
    }
    page.add(
      .table(head: ["class", "recognised"], rows: rows), under: "What a classifier of real pictures sees")
  }
}
