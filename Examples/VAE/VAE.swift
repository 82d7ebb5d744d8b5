import Apus
import ApusData
import ApusFormats
import ApusModels
import ApusTrain
import ArgumentParser
import Foundation

/// Clothes through twenty numbers and back, and new clothes from random numbers.
struct VAE: Example {
  static let configuration = CommandConfiguration(
    commandName: "vae",
    abstract: "A variational autoencoder on Fashion-MNIST: a test bound of at most 240 nats.")
  static let dataNames = ["fashion-mnist"]

  @Flag(name: .customLong("plain"), help: "A plain autoencoder, scored by its squared error.")
  var isPlain = false

  @OptionGroup var options: ExampleOptions

  var settings: [(String, String)] { [("plain", "\(isPlain)")] }

  /// What is trained and measured, whichever of the two it is.
  private struct Coder: Sendable {
    var loss: @Sendable (_ pictures: Tensor) -> Tensor
    /// The mean over the batch of what is scored.
    var score: @Sendable (_ pictures: Tensor) -> Tensor
    var reconstruct: @Sendable (_ pictures: Tensor) -> Tensor
    /// Normal random numbers to pictures.
    var decode: @Sendable (_ numbers: Tensor) -> Tensor
  }

  private static let latent = 20

  func train() async throws -> ExampleScore {
    let dataset = try pictures()
    let isSmall = dataset.size.height < 16
    let training = options.isShort && !isSmall ? dataset.training.subset(Array(0..<6_000)) : dataset.training
    let heldOut = options.isShort ? dataset.heldOut.subset(Array(0..<360)) : dataset.heldOut
    let epochs = options.isShort ? (isSmall ? 20 : 3) : 16
    let source = ImageLoader(training, batchSize: isSmall ? 50 : 100, seed: options.seed)
    let store = ParameterStore(seed: options.seed)
    let coder = makeCoder(store.scope, dataset.size)
    try store.materialize()

    let total = epochs * source.batchCount
    let optimizer = AdamW(learningRate: .warmupCosine(2e-3, warmup: total / 20, total: total))
    let step = Step<Void, Batch>((), optimizer, seed: options.seed) { _, batch in
      coder.loss(scaled(batch.x))
    }
    let measured = compiled { coder.score(scaled($0)) }
    let title = (isPlain ? "Autoencoder" : "Variational autoencoder") + " on \(dataset.name)"
    let about = RunDescription(seed: options.seed)
    let name = isPlain ? "squared error" : "negative ELBO"
    let trainer = try Trainer(
      step, store, source: source, options: TrainingOptions(epochs: epochs, readEvery: 20), folder: folder,
      callbacks: [
        Checkpointing(every: 500), HistoryFile(), ProgressDisplay(title: title, unit: "pictures"),
        ReportFile(title: title, settings: [("latent numbers", "\(VAE.latent)")], about) { page in
          try describe(coder, heldOut, in: &page)
        },
      ]
    ) {
      [name: try mean(of: measured, over: heldOut)]
    }
    try await complete(trainer, from: start())
    return ExampleScore(
      name: isPlain ? "test squared error of a pixel" : "test negative ELBO in nats", value: trainer.context.validated(name),
      bar: isPlain ? 0.012 : 240, higherIsBetter: false)
  }

  private func makeCoder(_ scope: Scope, _ size: ImageSize) -> Coder {
    let shape = ImageShape(height: size.height, width: size.width, channels: size.channels)
    let width = options.isShort ? 16 : 32
    if isPlain {
      let model = Autoencoder(scope, shape, latent: VAE.latent, width: width)
      return Coder(
        loss: { model.loss($0) },
        score: { x in
          let miss = model(x) - x
          return (miss * miss).mean()
        }, reconstruct: { model($0) }, decode: { model.decode($0) })
    }
    let model = VariationalAutoencoder(scope, shape, latent: VAE.latent, width: width)
    // The bound is an expectation over samples, so it is measured with samples too.
    return Coder(
      loss: { model.loss($0) }, score: { x in withTraining { model.loss(x) } },
      reconstruct: { model($0) }, decode: { model.decode($0) })
  }

  private func mean(of score: Compiled<Tensor, Tensor>, over images: LabeledImages) throws -> Double {
    var sum = 0.0
    try withRandom(seed: options.seed) {
      for start in stride(from: 0, to: images.count, by: 500) {
        let places = Array(start..<min(start + 500, images.count))
        sum += try score(images.batch(places).x).item * Double(places.count)
      }
    }
    return sum / Double(images.count)
  }

  // MARK: - The report

  /// Adds pictures with what came back of them and, where codes are normal, pictures of random codes.
  private func describe(_ coder: Coder, _ images: LabeledImages, in page: inout ReportPage) throws {
    let some = images.subset(Array(0..<min(40, images.count)))
    let x = scaled(some.batch(Array(0..<some.count)).x)
    let back = LabeledImages(coder.reconstruct(x), labels: some.labels, classNames: some.classNames)
    // A row of pictures, then the same row as it came back.
    var rows: [LabeledImages] = []
    for start in stride(from: 0, to: some.count, by: 10) {
      let places = Array(start..<min(start + 10, some.count))
      rows += [some.subset(places), back.subset(places)]
    }
    let pairs = LabeledImages(
      size: some.size, pixels: rows.flatMap(\.pixels), labels: rows.flatMap(\.labels),
      classNames: some.classNames)
    try add(pairs, "reconstructions", "Each row of test pictures with what came back below it.", to: &page)
    if isPlain { return }
    let codes = Tensor.normal([100, VAE.latent], key: RandomKey(seed: options.seed))
    let new = LabeledImages(
      coder.decode(codes), labels: Array(repeating: 0, count: 100), classNames: some.classNames)
    try add(new, "samples", "New pictures: decoded normal random numbers.", to: &page)
  }

  private func add(_ pictures: LabeledImages, _ name: String, _ note: String, to page: inout ReportPage) throws {
    let grid = PictureGrid.image(pictures, columns: 10)
    try AtomicFile.write(PNG.encode(grid), to: "\(folder.path)/\(name).png")
    page.add(.pictures([.init(grid, caption: name)]), under: name.capitalized, note: note)
  }
}

/// 0 to 1.
private func scaled(_ x: Tensor) -> Tensor { x.to(.f32) / 255 }
