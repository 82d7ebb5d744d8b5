import Apus
import Testing

/// Schedules have PyTorch's curves.
@Suite struct ScheduleTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var schedule: Schedule

    init(_ name: String, _ schedule: Schedule) {
      testDescription = name
      self.schedule = schedule
    }
  }

  static let cycle = OneCycle(maximum: 0.7, total: 61)
  static let phases = OneCycle(
    maximum: 0.7, total: 61, warmup: 0.4, annealing: .linear, divisor: 10, finalDivisor: 100,
    threePhase: true)

  static let cases = [
    Case("step", .stepped(0.5, every: 7, by: 0.3)),
    Case("multi-step", .multiStep(0.5, at: [5, 11, 40], by: 0.2)),
    Case("exponential", .exponential(0.5, by: 0.93)),
    Case("polynomial", .polynomial(0.5, total: 40, power: 2.5)),
    Case("linear", .linear(from: 0.125, to: 0.4, total: 20)),
    Case("constant", .held(0.1, for: 9, then: 0.5)),
    Case("cosine", .cosine(0.5, total: 60, final: 0.01)),
    Case("restarts", .cosineRestarts(0.5, period: 7, factor: 2, final: 0.01)),
    Case("restarts-even", .cosineRestarts(0.5, period: 7)),
    Case("cyclic", .triangular(from: 0.1, to: 0.6, up: 5, down: 8)),
    Case("one-cycle", cycle.learningRate),
    Case("one-cycle-momentum", cycle.momentum),
    Case("one-cycle-linear", phases.learningRate),
    Case("one-cycle-linear-momentum", phases.momentum),
    Case(
      "sequential",
      .sequential(
        [0.05, .exponential(0.5, by: 0.9), .stepped(0.5, every: 4, by: 0.5)], milestones: [8, 20])),
  ]

  @Test(arguments: cases) func equalsPyTorch(_ item: Case) {
    let expected = Golden("optimizers")["schedule." + item.testDescription].array(of: Double.self)
    for (step, value) in expected.enumerated() {
      let isClose = Swift.abs(item.schedule(step) - value) < 1e-12
      #expect(isClose, "step \(step): \(item.schedule(step)), expected \(value)")
    }
  }

  @Test(arguments: ["default", "eager", "maximum"]) func plateauEqualsPyTorch(_ name: String) {
    let plateaus = [
      "default": Plateau(),
      "eager": Plateau(
        factor: 0.5, patience: 2, threshold: .absolute(0.01), cooldown: 3, minimumRate: 0.02),
      "maximum": Plateau(.maximum, factor: 0.5, patience: 4, threshold: .relative(0.05)),
    ]
    let golden = Golden("optimizers")
    let metric = golden["plateau.metric"].array(of: Double.self)
    let expected = golden["plateau." + name].array(of: Double.self)
    #expect(Set(expected).count > 1, "the case shows no reduction")
    let history = MetricHistory()
    let schedule = Schedule.plateau(0.5, plateaus[name]!, watching: history)
    for (index, value) in metric.enumerated() {
      history.record(value)
      let isClose = Swift.abs(schedule(0) - expected[index]) < 1e-12
      #expect(isClose, "after \(index): \(schedule(0)), expected \(expected[index])")
    }
  }

  @Test func schedulesCompose() {
    let schedule = Schedule.warmup(4, then: .cosine(0.8, total: 6))
    #expect((0..<5).map { schedule($0) } == [0.2, 0.4, 0.6000000000000001, 0.8, 0.8])
    #expect(abs(schedule(10)) < 1e-12)
    let product = Schedule.exponential(1, by: 0.5) * 3
    #expect(product(2) == 0.75)
    let held = Schedule.exponential(1, by: 0.5).holding(for: 3)
    #expect((0..<7).map { held($0) } == [1, 1, 1, 0.5, 0.5, 0.5, 0.25])
  }

  @Test func mistakesAreSentences() {
    #expect(
      mistake { _ = Schedule.sequential([0.1, 0.2], milestones: [5, 3]) } == """
        Schedule.sequential: 2 schedules need one milestone less, ascending, not [5, 3].
        """)
  }
}
