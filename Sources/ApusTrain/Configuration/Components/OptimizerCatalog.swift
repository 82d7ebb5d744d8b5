import Apus

/// The optimizers, and what goes around them.
enum OptimizerCatalog {
  /// Makes the rule for a learning rate.
  typealias Make = @Sendable (Schedule) -> any Optimizer
  typealias Entry = Catalog<Make>.Entry
  typealias Option = ConfigurationOption

  static let catalog = Catalog<Make>("optimizer", common: around, rules)
  /// Groups take the rules' own options.
  private static let groups = Catalog<Make>("optimizer", common: [rate], rules)

  private static let rate = Option.number("learningRate", .positive, nil, "the highest of the schedule")

  static let around: [Option] = [
    rate,
    Option(
      "clip",
      .section([
        .number("norm", .positive, nil, "of all gradients together"),
        .number("eachNorm", .positive, nil, "of each gradient"),
        .number("value", .positive, nil, "of each element"),
      ]), nil, "limits gradients"),
    .integer("accumulate", 1...100_000, 1, "batches to an update"),
    Option(
      "ema", .section([.number("decay", .share, 0.999)]), nil,
      "evaluates and saves the exponential average of the weights"),
    Option(
      "swa", .section([.integer("start", 0...1_000_000_000, 0), .integer("every", 1...1_000_000_000, 1)]), nil,
      "the mean of the weights from update `start` on"),
    Option(
      "lookAhead", .section([.integer("steps", 1...100_000, 5), .number("alpha", .share, 0.5)]), nil,
      "slow weights"),
    Option(
      "groups", .list(.section(groupOptions), count: 1...1_000), nil,
      "`pattern` of paths, and what is other for them: `name`, `learningRate`, options of the rule"),
  ]

  private static let groupOptions: [Option] = [
    Option("pattern", .text, required: true, "`*` stands for anything"),
    Option("optimizer", .component { groups.table }, nil, "left out: the same rule"),
    rate, .number("weightDecay", .nonNegative),
  ]

  private static let beta1 = Option.number("beta1", .share, 0.9)
  private static let beta2 = Option.number("beta2", .share, 0.999)
  private static let momentum = Option.number("momentum", .share, 0)

  private static func epsilon(_ fallback: Double) -> Option { .number("epsilon", .positive, fallback) }
  private static func decay(_ fallback: Double = 0) -> Option {
    .number("weightDecay", .nonNegative, fallback)
  }

  private static func schedule(_ a: Arguments, _ name: String) -> Schedule { .constant(a.number(name)) }

  private static let rules: [Entry] = [
    Entry("sgd", [momentum, .number("dampening", .share, 0), decay(), .flag("nesterov", false)]) { a in
      if a.flag("nesterov") && (a.number("momentum") == 0 || a.number("dampening") != 0) {
        throw a.error("'nesterov' needs a 'momentum' and no 'dampening'.")
      }
      return {
        SGD(
          learningRate: $0, momentum: schedule(a, "momentum"), dampening: a.number("dampening"),
          weightDecay: a.number("weightDecay"), nesterov: a.flag("nesterov"))
      }
    },
    Entry("adam", [beta1, beta2, epsilon(1e-8), decay(), .flag("amsgrad", false)]) { a in
      {
        Adam(
          learningRate: $0, beta1: schedule(a, "beta1"), beta2: a.number("beta2"),
          epsilon: a.number("epsilon"), weightDecay: a.number("weightDecay"), amsgrad: a.flag("amsgrad"))
      }
    },
    Entry("adamW", [beta1, beta2, epsilon(1e-8), decay(0.01), .flag("amsgrad", false)]) { a in
      {
        AdamW(
          learningRate: $0, beta1: schedule(a, "beta1"), beta2: a.number("beta2"),
          epsilon: a.number("epsilon"), weightDecay: a.number("weightDecay"), amsgrad: a.flag("amsgrad"))
      }
    },
    Entry("adamax", [beta1, beta2, epsilon(1e-8), decay()]) { a in
      {
        Adamax(
          learningRate: $0, beta1: a.number("beta1"), beta2: a.number("beta2"),
          epsilon: a.number("epsilon"), weightDecay: a.number("weightDecay"))
      }
    },
    Entry(
      "nAdam",
      [
        beta1, beta2, epsilon(1e-8), decay(), .number("momentumDecay", .nonNegative, 4e-3),
        .flag("decoupledWeightDecay", false),
      ]
    ) { a in
      {
        NAdam(
          learningRate: $0, beta1: a.number("beta1"), beta2: a.number("beta2"),
          epsilon: a.number("epsilon"), weightDecay: a.number("weightDecay"),
          momentumDecay: a.number("momentumDecay"),
          decoupledWeightDecay: a.flag("decoupledWeightDecay"))
      }
    },
    Entry("rAdam", [beta1, beta2, epsilon(1e-8), decay(), .flag("decoupledWeightDecay", false)]) { a in
      {
        RAdam(
          learningRate: $0, beta1: a.number("beta1"), beta2: a.number("beta2"),
          epsilon: a.number("epsilon"), weightDecay: a.number("weightDecay"),
          decoupledWeightDecay: a.flag("decoupledWeightDecay"))
      }
    },
    Entry(
      "adagrad",
      [
        .number("learningRateDecay", .nonNegative, 0), decay(),
        .number("initialAccumulator", .nonNegative, 0), epsilon(1e-10),
      ]
    ) { a in
      {
        Adagrad(
          learningRate: $0, learningRateDecay: a.number("learningRateDecay"),
          weightDecay: a.number("weightDecay"), initialAccumulator: a.number("initialAccumulator"),
          epsilon: a.number("epsilon"))
      }
    },
    Entry("adadelta", [.number("rho", .share, 0.9), epsilon(1e-6), decay()]) { a in
      {
        Adadelta(
          learningRate: $0, rho: a.number("rho"), epsilon: a.number("epsilon"),
          weightDecay: a.number("weightDecay"))
      }
    },
    Entry(
      "rmsProp",
      [.number("alpha", .share, 0.99), epsilon(1e-8), decay(), momentum, .flag("centered", false)]
    ) { a in
      {
        RMSprop(
          learningRate: $0, alpha: a.number("alpha"), epsilon: a.number("epsilon"),
          weightDecay: a.number("weightDecay"), momentum: schedule(a, "momentum"),
          centered: a.flag("centered"))
      }
    },
    Entry(
      "asgd",
      [
        .number("lambda", .nonNegative, 1e-4), .number("alpha", .nonNegative, 0.75),
        .number("start", .nonNegative, 1e6), decay(),
      ], "`start` counts updates; the averages are evaluated and saved"
    ) { a in
      {
        ASGD(
          learningRate: $0, lambda: a.number("lambda"), alpha: a.number("alpha"),
          start: a.number("start"), weightDecay: a.number("weightDecay"))
      }
    },
    Entry(
      "adafactor",
      [
        .number("beta2Decay", .from(-10, to: 0), -0.8), .number("epsilon1", .positive),
        .number("epsilon2", .positive, 1e-3), .number("d", .from(1, to: 1e6), 1), decay(),
      ]
    ) { a in
      {
        Adafactor(
          learningRate: $0, beta2Decay: a.number("beta2Decay"), epsilon1: a.optionalNumber("epsilon1"),
          epsilon2: a.number("epsilon2"), d: a.number("d"), weightDecay: a.number("weightDecay"))
      }
    },
    Entry(
      "muon",
      [
        decay(0.1), .number("momentum", .share, 0.95), .flag("nesterov", true), epsilon(1e-7),
        .integer("iterations", 1...100, 5),
        .choice("adjustment", ["original", "matchRMSAdamW", "spectralUnclamped"], "original"),
      ], "matrices only: in `groups`"
    ) { a in
      let adjustments: [String: Muon.Adjustment] = [
        "matchRMSAdamW": .matchRMSAdamW, "spectralUnclamped": .spectralUnclamped,
      ]
      return {
        Muon(
          learningRate: $0, weightDecay: a.number("weightDecay"), momentum: a.number("momentum"),
          nesterov: a.flag("nesterov"), epsilon: a.number("epsilon"),
          iterations: a.integer("iterations"), adjustment: adjustments[a.text("adjustment")] ?? .original)
      }
    },
    Entry("sparseAdam", [beta1, beta2, epsilon(1e-8)]) { a in
      {
        SparseAdam(
          learningRate: $0, beta1: a.number("beta1"), beta2: a.number("beta2"),
          epsilon: a.number("epsilon"))
      }
    },
    Entry(
      "ftrl",
      [
        .number("learningRatePower", .from(-10, to: 0), -0.5),
        .number("initialAccumulator", .nonNegative, 0.1), .number("l1", .nonNegative, 0),
        .number("l2", .nonNegative, 0), .number("l2Shrinkage", .nonNegative, 0),
        .number("beta", .nonNegative, 0),
      ]
    ) { a in
      {
        FTRL(
          learningRate: $0, learningRatePower: a.number("learningRatePower"),
          initialAccumulator: a.number("initialAccumulator"), l1: a.number("l1"), l2: a.number("l2"),
          l2Shrinkage: a.number("l2Shrinkage"), beta: a.number("beta"))
      }
    },
    Entry("lion", [beta1, .number("beta2", .share, 0.99), decay()]) { a in
      {
        Lion(
          learningRate: $0, beta1: a.number("beta1"), beta2: a.number("beta2"),
          weightDecay: a.number("weightDecay"))
      }
    },
    Entry("lamb", [beta1, beta2, epsilon(1e-6), decay()]) { a in
      {
        LAMB(
          learningRate: $0, beta1: a.number("beta1"), beta2: a.number("beta2"),
          epsilon: a.number("epsilon"), weightDecay: a.number("weightDecay"))
      }
    },
  ]

  // MARK: - Around the rules

  /// The optimizer with its groups, clipping, accumulation and averages.
  ///
  /// - Parameter schedule: of a highest learning rate.
  static func make(
    _ component: Component, learningRate: Double, schedule: (Double) throws -> Schedule
  ) throws -> any Optimizer {
    let arguments = try catalog.arguments(component)
    var optimizer = try catalog.make(component)(try schedule(learningRate))
    let groups = try (list(arguments["groups"])).map { options in
      try group(options, component, learningRate, schedule)
    }
    if !groups.isEmpty { optimizer = ParameterGroups(groups, default: optimizer) }
    if let options = arguments.section("lookAhead") {
      optimizer = optimizer.lookingAhead(
        steps: integer(options["steps"]) ?? 5, alpha: number(options["alpha"]) ?? 0.5)
    }
    if let clip = arguments.section("clip") {
      guard clip.count == 1 else {
        throw arguments.error("'clip' takes one of norm, eachNorm and value.")
      }
      if let norm = number(clip["norm"]) { optimizer = optimizer.after(.clip(norm: norm)) }
      if let norm = number(clip["eachNorm"]) { optimizer = optimizer.after(.clip(eachNorm: norm)) }
      if let value = number(clip["value"]) { optimizer = optimizer.after(.clip(value: value)) }
    }
    if arguments.isGiven("ema") && arguments.isGiven("swa") {
      throw arguments.error("there is one average of the weights: give 'ema' or 'swa'.")
    }
    if let options = arguments.section("ema") {
      optimizer = optimizer.averaging(.ema(decay: number(options["decay"]) ?? 0.999))
    }
    if let options = arguments.section("swa") {
      optimizer = optimizer.averaging(
        .swa(start: integer(options["start"]) ?? 0, every: integer(options["every"]) ?? 1))
    }
    // Last, so that what else there is counts updates, not batches.
    let batches = arguments.integer("accumulate")
    return batches > 1 ? optimizer.accumulating(steps: batches) : optimizer
  }

  private static func group(
    _ options: [String: OptionValue], _ parent: Component, _ learningRate: Double,
    _ schedule: (Double) throws -> Schedule
  ) throws -> ParameterGroup {
    guard case .text(let pattern)? = options["pattern"] else { return ParameterGroup("", SGD()) }
    var component: Component
    if case .component(let own)? = options["optimizer"] {
      component = own
    } else {
      let names = Set(around.map(\.name))
      component = Component(parent.name, parent.options.filter { !names.contains($0.key) })
      component.place = parent.place
    }
    if let decay = options["weightDecay"] {
      let known = groups.table[component.name]?.options.map(\.name) ?? []
      guard known.contains("weightDecay") else {
        throw component.place.error("the optimizer '\(component.name)' has no 'weightDecay'.")
      }
      component.options["weightDecay"] = decay
    }
    let rate = number(options["learningRate"]) ?? number(component.options["learningRate"]) ?? learningRate
    return ParameterGroup(pattern, try groups.make(component)(try schedule(rate)))
  }

  private static func number(_ value: OptionValue?) -> Double? {
    if case .number(let number)? = value { number } else { nil }
  }

  private static func integer(_ value: OptionValue?) -> Int? {
    if case .integer(let number)? = value { number } else { nil }
  }

  private static func list(_ value: OptionValue?) -> [[String: OptionValue]] {
    guard case .list(let values)? = value else { return [] }
    return values.compactMap { if case .section(let options) = $0 { options } else { nil } }
  }
}
