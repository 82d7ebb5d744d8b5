/// Everything that decides what a training run computes; the same configuration gives the same weights.
///
/// The keys of a configuration file are the names of the properties; `Docs/Configuration.md` lists them.
public struct TrainingConfiguration: Hashable, Sendable {
  /// `digits`, or the path of a folder of data.
  public var data = "digits"
  /// The share of all images that is held out, each class by its share; nil for the data's own split.
  public var heldOut: Double?
  /// Height and width that the images of a folder are brought to; nil where they are of one size.
  public var imageSize: Int?
  /// A classifier of `ModelRegistry` by name, or a list of layers.
  public var model: Component = "cnn"
  /// How often all images are seen.
  public var epochs = 20
  /// Images in a step.
  public var batchSize = 64
  /// The highest learning rate of the schedule.
  public var learningRate = 0.003
  /// AdamW's decay of the weights a step, times the learning rate. `optimizer` has its own.
  public var weightDecay = 0.01
  /// Each image is moved by up to this many pixels at random. `transforms` take its place.
  public var shift = 1
  /// Changes of the images to train on, in order.
  public var transforms: [Component]?
  public var loss: Component = "crossEntropy"
  /// AdamW with `weightDecay` if nil.
  public var optimizer: Component?
  public var schedule: Component = "warmupCosine"
  /// `f32`, or `bf16` for mixed precision.
  public var precision = "f32"
  /// Figures of the held-out images beside `loss` and `accuracy`, by the names in `MetricName`.
  public var metrics: [String] = []
  /// What happens beside training, apart from checkpoints and history.
  public var callbacks: [Component] = []
  /// Decides the first weights, the order of the images, shifts and dropout.
  public var seed: UInt64 = 0

  public init() {}
}

extension TrainingConfiguration {
  /// Checks all values, those from the command line included.
  ///
  /// - Throws: ``ConfigurationError`` that names the first key whose value is out of range.
  public func validate() throws {
    for key in TrainingConfiguration.keys {
      guard let value = key.get(self), let rule = key.option.type.brokenRule(value) else { continue }
      throw ConfigurationError("'\(key.option.name)' must be \(rule).")
    }
    _ = try makeOptimizer(stepsPerEpoch: 1)
    _ = try transforms?.map(TransformCatalog.catalog.make)
    for name in try callbacks.compactMap(CallbackCatalog.watched) { try checkWatched(name) }
    let twice = callbacks.first { callback in callbacks.filter { $0.name == callback.name }.count > 1 }
    if let twice { throw twice.place.error("'callbacks' has '\(twice.name)' twice.") }
  }

  private func checkWatched(_ name: String) throws {
    let known = ["loss", "validation/loss", "validation/accuracy"] + metrics.map { "validation/\($0)" }
    guard known.contains(name) else {
      throw ConfigurationError(
        "'callbacks': there is no metric '\(name)'.\(nearest(name, known)) Those of this run are "
          + "\(known.joined(separator: ", ")); others are listed in 'metrics'.")
    }
  }
}
