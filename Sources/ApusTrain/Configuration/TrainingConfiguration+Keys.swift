/// A key of a configuration file and the property it is for.
struct TrainingKey: Sendable {
  var option: ConfigurationOption
  /// The value; nil where it is not written.
  var get: @Sendable (TrainingConfiguration) -> OptionValue?
  var set: @Sendable (inout TrainingConfiguration, OptionValue) -> Void
}

extension TrainingConfiguration {
  private static let defaults = TrainingConfiguration()
  private static let large = 1_000_000_000

  /// All keys, in the order in which they are written. Reading, checking, writing and the documentation
  /// know them from here.
  static let keys: [TrainingKey] = [
    TrainingKey(
      option: .init(
        "data", .variants { DataCatalog.catalog.table }, .text(defaults.data),
        "what is trained on; a text is the `path` of images")
    ) { settings in
      .component(settings.source)
    } set: { settings, value in
      guard case .component(var source) = value else { return }
      // One place for the size, so that an option of the command line changes it.
      if case .integer(let size)? = source.options.removeValue(forKey: "imageSize") { settings.imageSize = size }
      settings.source = source
    },
    integer(
      "imageSize", 1...4096, "height and width that the images of a folder are brought to",
      { $0.imageSize }, { $0.imageSize = $1 }),
    components(
      "transforms", { TransformCatalog.catalog.table }, "changes of the images to train on, in order",
      { $0.transforms }, { $0.transforms = $1 }),
    component("model", { ModelCatalog.catalog.table }, modelMeaning, { $0.model }, { $0.model = $1 }),
    component(
      "loss", { LossCatalog.catalog.table },
      "what training makes small; if left out cross-entropy of classes, else the mean squared error",
      { $0.loss }, { $0.loss = $1 }),
    component(
      "optimizer", { OptimizerCatalog.catalog.table }, "the rule; if left out AdamW with `weightDecay`",
      { $0.optimizer }, { $0.optimizer = $1 }),
    component(
      "schedule", { ScheduleCatalog.catalog.table }, "how the learning rate changes",
      { $0.schedule == defaults.schedule ? nil : $0.schedule }, { $0.schedule = $1 }),
    integer("epochs", 1...large, "how often all of the data is seen", { $0.epochs }, { $0.epochs = $1 }),
    integer(
      "batchSize", 1...large, "samples in a step; the last of an epoch may have fewer",
      { $0.batchSize }, { $0.batchSize = $1 }),
    number(
      "learningRate", .positive, "the highest of the schedule", { $0.learningRate },
      { $0.learningRate = $1 }),
    number(
      "weightDecay", .nonNegative, "AdamW's; an `optimizer` has its own",
      { $0.optimizer == nil ? $0.weightDecay : nil }, { $0.weightDecay = $1 }),
    integer(
      "shift", 0...4096, "each image is moved by up to this many pixels at random; not with `transforms`",
      { $0.transforms == nil && $0.kind == .images ? $0.shift : nil }, { $0.shift = $1 }),
    TrainingKey(
      option: .choice("precision", ["f32", "bf16"], defaults.precision, "what products are computed in")
    ) {
      $0.precision == defaults.precision ? nil : .text($0.precision)
    } set: { settings, value in
      if case .text(let name) = value { settings.precision = name }
    },
    TrainingKey(
      option: .init(
        "metrics", .list(.choice(MetricCatalog.names), count: 0...MetricCatalog.names.count), .list([]),
        "figures of what is held out beside those there always are, see [Metrics](Metrics.md)")
    ) {
      $0.metrics.isEmpty ? nil : .list($0.metrics.map(OptionValue.text))
    } set: { settings, value in
      guard case .list(let names) = value else { return }
      settings.metrics = names.compactMap { if case .text(let name) = $0 { name } else { nil } }
    },
    components(
      "callbacks", { CallbackCatalog.catalog.table }, "what happens beside training",
      { $0.callbacks.isEmpty ? nil : $0.callbacks }, { $0.callbacks = $1 }),
    TrainingKey(
      option: .init(
        "seed", .natural, .natural(defaults.seed), "decides first weights, order, splits, augmentation and dropout")
    ) {
      .natural($0.seed)
    } set: { settings, value in
      if case .natural(let seed) = value { settings.seed = seed }
    },
  ]

  private static var modelMeaning: String {
    "what is trained; if left out " + DataKind.allCases.map { "`\($0.model)` for \($0.noun)" }.joined(separator: ", ")
  }

  private static func integer(
    _ name: String, _ range: ClosedRange<Int>, _ meaning: String,
    _ get: @escaping @Sendable (TrainingConfiguration) -> Int?,
    _ set: @escaping @Sendable (inout TrainingConfiguration, Int) -> Void
  ) -> TrainingKey {
    TrainingKey(option: .integer(name, range, get(defaults), meaning)) {
      get($0).map(OptionValue.integer)
    } set: { settings, value in
      if case .integer(let number) = value { set(&settings, number) }
    }
  }

  private static func number(
    _ name: String, _ range: NumberRange, _ meaning: String,
    _ get: @escaping @Sendable (TrainingConfiguration) -> Double?,
    _ set: @escaping @Sendable (inout TrainingConfiguration, Double) -> Void
  ) -> TrainingKey {
    TrainingKey(option: .number(name, range, get(defaults), meaning)) {
      get($0).map(OptionValue.number)
    } set: { settings, value in
      if case .number(let number) = value { set(&settings, number) }
    }
  }

  private static func component(
    _ name: String, _ table: @escaping @Sendable () -> ComponentTable, _ meaning: String,
    _ get: @escaping @Sendable (TrainingConfiguration) -> Component?,
    _ set: @escaping @Sendable (inout TrainingConfiguration, Component) -> Void
  ) -> TrainingKey {
    let fallback = [
      "model": defaults.model.name, "schedule": defaults.schedule.name,
    ][name]
    return TrainingKey(
      option: .init(name, .component(table), fallback.map(OptionValue.text), meaning)
    ) {
      get($0).map(OptionValue.component)
    } set: { settings, value in
      if case .component(let component) = value { set(&settings, component) }
    }
  }

  private static func components(
    _ name: String, _ table: @escaping @Sendable () -> ComponentTable, _ meaning: String,
    _ get: @escaping @Sendable (TrainingConfiguration) -> [Component]?,
    _ set: @escaping @Sendable (inout TrainingConfiguration, [Component]) -> Void
  ) -> TrainingKey {
    TrainingKey(option: .init(name, .components(table), nil, meaning)) {
      get($0).map { .list($0.map(OptionValue.component)) }
    } set: { settings, value in
      guard case .list(let values) = value else { return }
      set(&settings, values.compactMap { if case .component(let c) = $0 { c } else { nil } })
    }
  }
}
