/// The callbacks that a configuration can list.
enum CallbackCatalog {
  typealias Entry = Catalog<(any Callback)?>.Entry
  typealias Option = ConfigurationOption

  /// Nil for what is an option of the trainer.
  static let catalog = Catalog<(any Callback)?>("callback", entries)

  static let checkpoint = "checkpoint"
  static let guarding = "nanGuard"

  private static let better = Option(
    "better", .choice(["lower", "higher"]), nil, "left out: by the metric's name")

  private static func goal(_ metric: String, _ a: Arguments) -> MetricGoal {
    let rising = a.text("better")
    let name = metric.hasPrefix("validation/") ? String(metric.dropFirst(11)) : metric
    let isRising = rising.isEmpty ? MetricCatalog.isHigherBetter(name) : rising == "higher"
    return MetricGoal(metric, isRising ? .higher : .lower)
  }

  private static let entries: [Entry] = [
    Entry(
      "earlyStopping",
      [
        Option("metric", .text, .text("validation/loss")), better,
        .integer("patience", 1...1_000_000, 3, "epochs without a better one"),
        .number("minimumDelta", .nonNegative, 0),
      ]
    ) { a in
      EarlyStopping(
        goal(a.text("metric"), a), patience: a.integer("patience"),
        minimumDelta: a.number("minimumDelta"))
    },
    Entry(
      checkpoint,
      [
        Option("best", .text, .text("validation/accuracy"), "the metric of `best.safetensors`"), better,
        .integer("keepLast", 1...1_000_000, 1), .integer("every", 1...1_000_000_000, nil, "steps"),
      ], "in place of the one there is in any case"
    ) { a in
      Checkpointing(
        best: goal(a.text("best"), a), keepLast: a.integer("keepLast"),
        every: a.isGiven("every") ? a.integer("every") : nil)
    },
    Entry("csvLog") { _ in CSVLog() },
    Entry("jsonLog") { _ in JSONLog() },
    Entry("tensorBoard", [.flag("histograms", true)]) { a in TensorBoardLog(histograms: a.flag("histograms")) },
    Entry(guarding, [.integer("every", 1...1_000_000_000, 100, "steps between snapshots")]) { _ in nil },
  ]

  /// The metrics that the callbacks watch, to be checked before training.
  static func watched(_ component: Component) throws -> String? {
    switch component.name {
    case "earlyStopping": try catalog.arguments(component).text("metric")
    case checkpoint: try catalog.arguments(component).text("best")
    default: nil
    }
  }
}

/// The metrics of held-out images beside `loss` and `accuracy`.
enum MetricCatalog {
  static let names = [
    MetricName.top(2), MetricName.top(3), MetricName.top(5), MetricName.precision, MetricName.recall,
    MetricName.f1, MetricName.meanIoU, MetricName.rocAUC, MetricName.prAUC, MetricName.logLoss,
    MetricName.perplexity, MetricName.calibrationError,
  ]

  static func isHigherBetter(_ name: String) -> Bool {
    !["loss", MetricName.logLoss, MetricName.perplexity, MetricName.calibrationError].contains(name)
  }

  /// Those that need exactly two classes.
  private static let binary = [MetricName.rocAUC, MetricName.prAUC]

  static func check(_ names: [String], classes: Int) throws {
    if let name = names.first(where: { binary.contains($0) }), classes != 2 {
      throw ConfigurationError("'metrics': \(name) is for two classes; the data has \(classes).")
    }
  }

  static func value(_ name: String, _ scores: ClassScores, _ labels: [Int]) throws -> Double {
    switch name {
    case MetricName.rocAUC: return try areaUnderCurve(ROCAUC(), scores, labels)
    case MetricName.prAUC: return try areaUnderCurve(PRAUC(), scores, labels)
    case MetricName.logLoss: return try figure(LogLoss(), scores, labels)
    case MetricName.perplexity: return try figure(Perplexity(), scores, labels)
    case MetricName.calibrationError: return try figure(CalibrationError(), scores, labels)
    default:
      if let kind = ConfusionMetric.Kind(rawValue: name) {
        return try figure(ConfusionMetric(kind, classes: scores.classes), scores, labels)
      }
      return try figure(TopKAccuracy(Int(name.dropFirst(3)) ?? 1), scores, labels)
    }
  }

  private static func figure<M: Metric>(
    _ metric: M, _ scores: ClassScores, _ labels: [Int]
  ) throws -> Double where M.Predictions == ClassScores, M.Targets == [Int] {
    var metric = metric
    try metric.update(scores, labels)
    return metric.value
  }

  private static func areaUnderCurve<M: Metric>(
    _ metric: M, _ scores: ClassScores, _ labels: [Int]
  ) throws -> Double where M.Predictions == [Double], M.Targets == [Bool] {
    var metric = metric
    try metric.update(scores.probabilities(of: 1), labels.map { $0 == 1 })
    return metric.value
  }
}
