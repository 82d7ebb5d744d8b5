/// The callbacks that a configuration can list.
enum CallbackCatalog {
  /// Nil for what is an option of the trainer; `best` is the metric that tells a good checkpoint.
  typealias Make = @Sendable (_ best: String) -> (any Callback)?
  typealias Entry = Catalog<Make>.Entry
  typealias Option = ConfigurationOption

  static let catalog = Catalog<Make>("callback", entries)

  static let checkpoint = "checkpoint"
  static let guarding = "nanGuard"

  private static let better = Option(
    "better", .choice(["lower", "higher"]), nil, "left out: by the metric's name")

  /// - Parameter rising: `higher` or `lower`; by the metric's name if empty.
  static func goal(_ metric: String, _ rising: String = "") -> MetricGoal {
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
      { _ in
        EarlyStopping(
          goal(a.text("metric"), a.text("better")), patience: a.integer("patience"),
          minimumDelta: a.number("minimumDelta"))
      }
    },
    Entry(
      checkpoint,
      [
        Option(
          "best", .text, nil,
          "the metric of `best.safetensors`; left out: `validation/accuracy`, without classes `validation/loss`"),
        better,
        .integer("keepLast", 1...1_000_000, 1), .integer("every", 1...1_000_000_000, nil, "steps"),
      ], "in place of the one there is in any case"
    ) { a in
      { best in
        Checkpointing(
          best: goal(a.optionalText("best") ?? best, a.text("better")), keepLast: a.integer("keepLast"),
          every: a.isGiven("every") ? a.integer("every") : nil)
      }
    },
    Entry("csvLog") { _ in { _ in CSVLog() } },
    Entry("jsonLog") { _ in { _ in JSONLog() } },
    Entry("tensorBoard", [.flag("histograms", true)]) { a in
      { _ in TensorBoardLog(histograms: a.flag("histograms")) }
    },
    Entry(guarding, [.integer("every", 1...1_000_000_000, 100, "steps between snapshots")]) { _ in { _ in nil } },
  ]

  /// The metrics that the callbacks watch, to be checked before training.
  static func watched(_ component: Component) throws -> String? {
    switch component.name {
    case "earlyStopping": try catalog.arguments(component).text("metric")
    case checkpoint: try catalog.arguments(component).optionalText("best")
    default: nil
    }
  }
}
