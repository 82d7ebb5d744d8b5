import Apus
import ApusData

extension TrainingConfiguration {
  /// Reads the data.
  ///
  /// - Throws: `FormatError` for data that is missing or damaged, ``ConfigurationError`` where a split
  ///   leaves nothing to train on or to hold out.
  public func openDataset() throws -> ImageDataset {
    let fit = imageSize.map { ImageFit(height: $0, width: $0) }
    let dataset = try ImageDataset.open(data, fit: fit)
    guard let heldOut else { return dataset }
    let split = try dataset.split(heldOut: heldOut, seed: seed)
    guard split.training.count > 0, split.heldOut.count > 0 else {
      throw ConfigurationError(
        "'heldOut' \(withoutZeros(heldOut)) of \(dataset.training.count + dataset.heldOut.count) images leaves "
          + "\(split.training.count) to train on and \(split.heldOut.count) held out.")
    }
    return split
  }

  /// Batches of the images to train on.
  ///
  /// - Throws: ``ConfigurationError`` where the transforms change the size of images.
  func makeLoader(_ dataset: ImageDataset) throws -> ImageLoader {
    guard let transforms else {
      return ImageLoader(dataset.training, batchSize: batchSize, seed: seed, shift: shift)
    }
    var images: [any ImageTransform] = []
    var batches: [@Sendable (Batch, inout SampleRandom) -> Batch] = []
    for component in transforms {
      switch try TransformCatalog.catalog.make(component) {
      case .image(let transform):
        guard batches.isEmpty else {
          throw component.place.error("'\(component.name)' changes images; it must stand before mixUp and cutMix.")
        }
        images.append(transform)
      case .batch(let make): batches.append(make(dataset.classNames.count))
      }
    }
    guard batches.count <= 1 else {
      throw ConfigurationError("'transforms' takes one of mixUp and cutMix.")
    }
    let transform = Compose(images)
    try check(transform, dataset)
    let loader = ImageLoader(
      dataset.training, batchSize: batchSize, seed: seed, transform: transform)
    return batches.reduce(loader) { loader, change in loader.map(change) }
  }

  private func check(_ transform: Compose, _ dataset: ImageDataset) throws {
    guard dataset.training.count > 0 else { return }
    var random = SampleRandom(seed: seed, epoch: 0, position: 0)
    let size = transform(dataset.training[0].image, &random).size
    guard size == dataset.size else {
      throw ConfigurationError(
        "'transforms' make images of \(size) (height × width × channels), but the data's are "
          + "\(dataset.size); end with 'resize', or set 'imageSize'.")
    }
  }

  var stepOptions: TrainingOptions {
    var options = TrainingOptions(epochs: epochs)
    for callback in callbacks where callback.name == CallbackCatalog.guarding {
      options.snapshotEvery = (try? CallbackCatalog.catalog.arguments(callback))?.integer("every")
    }
    return options
  }

  /// - Parameter history: the validation losses, for a schedule that follows them.
  func makeOptimizer(
    stepsPerEpoch: Int, history: MetricHistory = MetricHistory()
  ) throws -> any Optimizer {
    let component = optimizer ?? Component("adamW", ["weightDecay": .number(weightDecay)])
    let batches = try OptimizerCatalog.catalog.arguments(component).integer("accumulate")
    let site = ScheduleCatalog.Site(
      peak: learningRate, stepsPerEpoch: Double(stepsPerEpoch) / Double(batches),
      total: stepOptions.totalSteps(stepsPerEpoch) / batches, history: history)
    return try withTensorErrors {
      try OptimizerCatalog.make(component, learningRate: learningRate) { rate in
        var site = site
        site.peak = rate
        return try ScheduleCatalog.make(schedule, site)
      }
    }
  }

  /// The loss of predictions of such targets.
  func makeLoss(_ target: PredictionTarget) throws -> LossCatalog.Function {
    let component = loss ?? LossCatalog.standard(target)
    return try LossCatalog.catalog.make(component)(target)
  }

  func makeStep<Task: TrainingTask>(
    _ task: Task, history: MetricHistory = MetricHistory()
  ) throws -> Step<Void, Task.Input> {
    let optimizer = try makeOptimizer(stepsPerEpoch: task.source.batchCount, history: history)
    return Step((), optimizer, seed: seed, precision: precision == "bf16" ? .bf16 : nil) { _, batch in
      try task.loss(batch)
    }
  }

  /// What happens beside training, in order, but for what is shown.
  ///
  /// - Parameter metrics: what an evaluation gives.
  func makeCallbacks(history: MetricHistory, metrics: [String]) throws -> [any Callback] {
    let best = metrics.contains("accuracy") ? "validation/accuracy" : "validation/loss"
    var made = try callbacks.compactMap { try CallbackCatalog.catalog.make($0)(best) }
    if !callbacks.contains(where: { $0.name == CallbackCatalog.checkpoint }) {
      made.insert(Checkpointing(best: CallbackCatalog.goal(best)), at: 0)
    }
    if schedule.name == ScheduleCatalog.plateau { made.append(PlateauWatch(history)) }
    return made + [HistoryFile()]
  }
}
