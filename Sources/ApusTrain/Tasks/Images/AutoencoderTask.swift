import Apus
import ApusData
import ApusFormats
import ApusModels
import ApusRuntime

/// Images through few numbers and back.
struct AutoencoderTask: TrainingTask {
  /// What is measured: the model's own loss, and the squared error of a pixel from 0 to 1.
  static let metrics = ["loss", MetricName.mse]

  let store: ParameterStore
  let source: any BatchSource<Batch>
  let inference: Inference<Batch>
  private let dataset: ImageDataset
  private let configuration: TrainingConfiguration
  private let model: ImageAutoencoder
  /// Both metrics of a batch, `[2]`.
  private let measure: Compiled<Tensor, Tensor>

  private static let pictureCount = 20

  init(_ configuration: TrainingConfiguration, _ dataset: ImageDataset, _ store: ParameterStore) throws {
    if let loss = configuration.loss {
      throw loss.place.error("'loss': \(configuration.model.name) has one of its own; leave it out.")
    }
    try MetricCatalog.check(configuration, thereAre: AutoencoderTask.metrics)
    let size = dataset.size
    let shape = ImageShape(height: size.height, width: size.width, channels: size.channels)
    let model = try withTensorErrors {
      try ModelCatalog.autoencoder(configuration.model, store.scope, shape)
    }
    source = try configuration.makeLoader(dataset)
    inference = Inference { model.reconstructed(scaled($0.x)) }
    measure = compiled { x in
      let x = scaled(x)
      let miss = model.reconstructed(x) - x
      // The bound is an expectation over samples, so it is measured with samples too.
      let loss = withTraining { model.loss(x) }
      return concatenate([loss.expanded(at: 0), (miss * miss).mean().expanded(at: 0)], axis: 0)
    }
    self.model = model
    self.store = store
    self.dataset = dataset
    self.configuration = configuration
  }

  var unit: String { "images" }
  var heldOutCount: Int { dataset.heldOut.count }
  var evaluationBatchSize: Int { 256 }
  var inputs: [String: [Int]] { ["image": [dataset.size.height, dataset.size.width, dataset.size.channels]] }
  var metricNames: [String] { AutoencoderTask.metrics }

  func loss(_ batch: Batch) throws -> Tensor { model.loss(scaled(batch.x)) }

  func example(_ count: Int) -> Batch { configuration.exampleBatch(count, dataset) }

  func evaluationCost(batch: Int) throws -> Cost {
    let size = dataset.size
    return try measure.cost(of: .zeros([batch, size.height, size.width, size.channels], dtype: .u8))
  }

  func evaluate() throws -> (metrics: [String: Double], findings: Void) {
    var sums = [0.0, 0.0]
    try withRandom(seed: configuration.seed) {
      for start in stride(from: 0, to: heldOutCount, by: evaluationBatchSize) {
        let places = Array(start..<min(start + evaluationBatchSize, heldOutCount))
        let found = try measure(dataset.heldOut.batch(places).x).array(of: Float.self)
        for (index, value) in found.enumerated() { sums[index] += Double(value) * Double(places.count) }
      }
    }
    let figures = zip(AutoencoderTask.metrics, sums).map { ($0, $1 / Double(heldOutCount)) }
    return (Dictionary(uniqueKeysWithValues: figures), ())
  }

  // MARK: - What is left

  /// Beside the weights what is needed to use them.
  private struct Encoding: Encodable {
    /// Height, width, channels.
    var size: [Int]
    /// From samples of 0 to 255 to what the model takes.
    var scale = Normalization.scale
  }

  func save(to folder: RunFolder, _ record: TrainingRecord) throws {
    let encoding = Encoding(size: [dataset.size.height, dataset.size.width, dataset.size.channels])
    try SavedModel(configuration, record, encoding).save(store, to: folder)
  }

  func describe(_ findings: Void, in page: inout ReportPage) throws {
    let count = min(AutoencoderTask.pictureCount, heldOutCount)
    let batch = dataset.heldOut.batch(Array(0..<count))
    let (before, after) = (images(scaled(batch.x)), images(try inference(batch)))
    let names = dataset.heldOut.labels.map { dataset.classNames[$0] }
    page.add(
      .pictures(zip(before, after).enumerated().map { place, pair in
        .init(pair.0.beside(pair.1), caption: names[place])
      }), under: "Reconstructions", note: "Held-out images on the left, what came back on the right.")
    if let new = model.samples(count, seed: configuration.seed) {
      page.add(
        .pictures(images(new).map { .init($0, caption: "") }), under: "New images",
        note: "Decoded normal random numbers.")
    }
  }

  private func images(_ x: Tensor) -> [Image] {
    let size = dataset.size
    let samples = round(x * 255).clamped(0, 255).to(.u8).array(of: UInt8.self)
    return (0..<x.shape[0]).map { index in
      Image(
        height: size.height, width: size.width, channels: size.channels,
        pixels: Array(samples[index * size.sampleCount..<(index + 1) * size.sampleCount]))
    }
  }
}

/// 0 to 1.
private func scaled(_ x: Tensor) -> Tensor { x.to(.f32) / 255 }

extension Image {
  /// This image and another one of the same size, with a line between them.
  fileprivate func beside(_ other: Image) -> Image {
    let row = width * channels
    let line = [UInt8](repeating: 128, count: channels)
    var both: [UInt8] = []
    for start in stride(from: 0, to: height * row, by: row) {
      both += pixels[start..<start + row]
      both += line
      both += other.pixels[start..<start + row]
    }
    return Image(height: height, width: 2 * width + 1, channels: channels, pixels: both)
  }
}
