/// Everything that decides what a training run computes; the same configuration gives the same weights.
///
/// The keys of a configuration file are the names of the properties; `Docs/Configuration.md` lists them.
public struct TrainingConfiguration: Hashable, Sendable {
  /// What is trained on: of which kind, where it is, and how it is read.
  public var source = Component("path", ["path": .text("digits")])
  /// Height and width that the images of a folder are brought to; nil where they are of one size.
  public var imageSize: Int?
  /// A model that suits the data, or a list of layers.
  public var model: Component = "cnn"
  /// How often all of the data is seen.
  public var epochs = 20
  /// Samples in a step.
  public var batchSize = 64
  /// The highest learning rate of the schedule.
  public var learningRate = 0.003
  /// AdamW's decay of the weights a step, times the learning rate. `optimizer` has its own.
  public var weightDecay = 0.01
  /// Each image is moved by up to this many pixels at random. `transforms` take its place.
  public var shift = 1
  /// Changes of the images to train on, in order.
  public var transforms: [Component]?
  /// What suits the target if nil: cross-entropy for classes.
  public var loss: Component?
  /// AdamW with `weightDecay` if nil.
  public var optimizer: Component?
  public var schedule: Component = "warmupCosine"
  /// `f32`, or `bf16` for mixed precision.
  public var precision = "f32"
  /// Figures of what is held out beside those there always are, by the names in `MetricName`.
  public var metrics: [String] = []
  /// What happens beside training, apart from checkpoints and history.
  public var callbacks: [Component] = []
  /// Decides the first weights, the order of the samples, splits, shifts and dropout.
  public var seed: UInt64 = 0
  /// Where the keys of a file stand.
  var places = KeyPlaces()

  public init() {}

  /// `digits`, or the path of the data.
  public var data: String {
    get { if case .text(let path)? = source.options[source.name] { path } else { "" } }
    set { source.options[source.name] = .text(newValue) }
  }

  /// The share of the data that is held out; nil for the data's own split, or for the kind's default.
  public var heldOut: Double? {
    get { if case .number(let share)? = source.options["heldOut"] { share } else { nil } }
    set { source.options["heldOut"] = newValue.map(OptionValue.number) }
  }

  /// Whether the data is images.
  public var isOfImages: Bool { kind == .images }

  var kind: DataKind { DataKind(rawValue: source.name) ?? .images }
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
    try ModelCatalog.check(model, for: kind)
    if kind != .images, transforms != nil || imageSize != nil {
      let key = transforms == nil ? "imageSize" : "transforms"
      throw ConfigurationError("'\(key)' is for images; the data is \(kind.noun).")
    }
    _ = try makeOptimizer(stepsPerEpoch: 1)
    _ = try transforms?.map(TransformCatalog.catalog.make)
    try checkWatched(MetricCatalog.always(kind, model) + metrics)
    let twice = callbacks.first { callback in callbacks.filter { $0.name == callback.name }.count > 1 }
    if let twice { throw twice.place.error("'callbacks' has '\(twice.name)' twice.") }
  }

  /// - Parameter names: of what an evaluation gives.
  func checkWatched(_ names: [String]) throws {
    let known = ["loss"] + names.map { "validation/\($0)" }
    for name in try callbacks.compactMap(CallbackCatalog.watched) where !known.contains(name) {
      throw ConfigurationError(
        "'callbacks': there is no metric '\(name)'.\(nearest(name, known)) Those of this run are "
          + "\(known.joined(separator: ", ")); others are listed in 'metrics'.")
    }
  }
}
