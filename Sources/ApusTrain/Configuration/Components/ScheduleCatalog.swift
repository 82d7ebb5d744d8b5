import Apus

/// The schedules of the learning rate. Lengths are numbers of epochs, which may be fractions.
enum ScheduleCatalog {
  /// What a schedule is made for; steps are updates of the weights.
  struct Site {
    var peak: Double
    var stepsPerEpoch: Double
    var total: Int
    /// The validation losses so far.
    var history: MetricHistory

    func steps(_ epochs: Double) -> Int {
      Int(min(max((epochs * stepsPerEpoch).rounded(), 1), 1e15))
    }
  }

  typealias Make = @Sendable (Site) throws -> Schedule
  typealias Entry = Catalog<Make>.Entry
  typealias Option = ConfigurationOption

  static let catalog = Catalog<Make>("schedule", common: [warmup], entries)

  /// The one whose lowering of the rate follows the validation loss.
  static let plateau = "plateau"

  private static let epochs = NumberRange(low: 0, high: 1e6, isOpen: true)
  private static let warmup = Option.number(
    "warmup", .from(0, to: 1e6), nil, "epochs of an even rise before it")
  private static let final = Option.number("final", .nonNegative, 0, "the last learning rate")
  private static let by = Option.number("by", .positive, 0.1)

  /// The schedule with its warmup.
  static func make(_ component: Component, _ site: Site) throws -> Schedule {
    let arguments = try catalog.arguments(component)
    let make = try catalog.make(component)
    var warmup = arguments.optionalNumber("warmup").map { $0 == 0 ? 0 : site.steps($0) }
    if component.name == "warmupCosine", warmup == nil { warmup = max(1, site.total / 10) }
    guard let warmup, warmup > 0 else { return try make(site) }
    var rest = site
    rest.total = site.total - warmup
    return .warmup(warmup, then: try make(rest))
  }

  private static let entries: [Entry] = [
    Entry("warmupCosine", [final], "`warmup` is a tenth of all steps if left out") { a in
      { .cosine($0.peak, total: $0.total, final: a.number("final")) }
    },
    Entry("constant") { _ in { .constant($0.peak) } },
    Entry("cosine", [final]) { a in { .cosine($0.peak, total: $0.total, final: a.number("final")) } },
    Entry(
      "cosineRestarts",
      [.number("period", epochs, required: true, "epochs"), .integer("factor", 1...1_000, 1), final]
    ) { a in
      {
        .cosineRestarts(
          $0.peak, period: $0.steps(a.number("period")), factor: a.integer("factor"),
          final: a.number("final"))
      }
    },
    Entry("linear", [final]) { a in
      { .linear(from: $0.peak, to: a.number("final"), total: $0.total) }
    },
    Entry("polynomial", [.number("power", .positive, 1), final]) { a in
      { .polynomial($0.peak, total: $0.total, power: a.number("power"), final: a.number("final")) }
    },
    Entry("stepped", [.number("every", epochs, required: true, "epochs"), by]) { a in
      { .stepped($0.peak, every: $0.steps(a.number("every")), by: a.number("by")) }
    },
    Entry(
      "multiStep",
      [Option("at", .list(.number(epochs), count: 1...1_000), required: true, "epochs, ascending"), by]
    ) { a in
      { site in
        .multiStep(site.peak, at: a.numbers("at").map(site.steps), by: a.number("by"))
      }
    },
    Entry("exponential", [.number("by", .positive, required: true, "after each epoch")]) { a in
      { site in
        Schedule.exponential(site.peak, by: a.number("by")).holding(for: site.steps(1))
      }
    },
    Entry(
      "oneCycle",
      [
        .number("up", .share, 0.3, "share of the steps on the way up"), .number("divisor", .positive, 25),
        .number("finalDivisor", .positive, 1e4), .choice("annealing", ["cosine", "linear"], "cosine"),
        .flag("threePhase", false),
      ]
    ) { a in
      {
        OneCycle(
          maximum: $0.peak, total: max($0.total, 1), warmup: a.number("up"),
          annealing: a.text("annealing") == "linear" ? .linear : .cosine, divisor: a.number("divisor"),
          finalDivisor: a.number("finalDivisor"), threePhase: a.flag("threePhase")
        ).learningRate
      }
    },
    Entry(
      "triangular",
      [
        .number("low", .nonNegative, 0, "between this and the learning rate"),
        .number("up", epochs, required: true, "epochs"), .number("down", epochs, nil, "epochs"),
      ]
    ) { a in
      { site in
        .triangular(
          from: a.number("low"), to: site.peak, up: site.steps(a.number("up")),
          down: a.optionalNumber("down").map(site.steps))
      }
    },
    Entry(
      plateau,
      [
        .number("factor", NumberRange(low: 1e-6, high: 0.999_999), 0.1),
        .integer("patience", 0...1_000_000, 10, "epochs"), .number("threshold", .nonNegative, 1e-4),
        .integer("cooldown", 0...1_000_000, 0, "epochs"), .number("minimumRate", .nonNegative, 0),
      ], "lowers the rate where `validation/loss` does not fall"
    ) { a in
      { site in
        let plateau = Plateau(
          factor: a.number("factor"), patience: a.integer("patience"),
          threshold: .relative(a.number("threshold")), cooldown: a.integer("cooldown"),
          minimumRate: a.number("minimumRate"))
        return .plateau(site.peak, plateau, watching: site.history)
      }
    },
  ]
}

/// Tells a schedule of the validation losses.
final class PlateauWatch: Callback {
  private let history: MetricHistory

  init(_ history: MetricHistory) { self.history = history }

  func begin(_ context: TrainingContext) { update(context) }
  func recordEnd(_ record: MetricRecord, _ context: TrainingContext) { update(context) }

  private func update(_ context: TrainingContext) {
    history.values = context.position.history.compactMap { $0["validation/loss"] }
  }
}
