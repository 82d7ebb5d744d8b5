import Apus
import ApusData
import ApusIR
import Testing

@testable import ApusTrain

/// Two players that take turns: each learns its own part, and an interruption changes nothing.
@Suite struct AdversarialStepTests {
  /// Points in the plane, made of two random numbers each.
  private struct Run {
    let store = ParameterStore(seed: 5)
    let generator: [Linear]
    let step: AdversarialStep<Batch>

    init(rates: (Double, Double) = (0.01, 0.01), loss: AdversarialLoss = .nonSaturating) throws {
      let (making, judging) = (store.scope / "generator", store.scope / "discriminator")
      let layers = [Linear(making / 0, 2, 8), Linear(making / 1, 8, 2)]
      let others = [Linear(judging / 0, 2, 16), Linear(judging / 1, 16, 1)]
      generator = layers
      let trainable = store.trainable
      func parameters(_ name: String) -> [Parameter] { trainable.filter { $0.path.hasPrefix(name) } }
      step = AdversarialStep(
        generator: .init(
          parameters("generator"), Adam(learningRate: .constant(rates.0), beta1: 0.5).averaging(.ema(decay: 0.99))),
        discriminator: .init(
          parameters("discriminator"), Adam(learningRate: .constant(rates.1), beta1: 0.5)),
        loss: loss, seed: 2, real: { $0.x }, make: { Run.made(layers, $0.x.shape[0]) },
        judge: { points, _ in others[1](leakyRelu(others[0](points), slope: 0.2)) })
      try store.materialize()
    }

    static func made(_ layers: [Linear], _ count: Int) -> Tensor {
      layers[1](tanh(layers[0](.normal([count, 2]))))
    }

    /// The mean of what the generator makes with its averaged weights, a coordinate each.
    func mean() throws -> [Double] {
      try store.withValues(step.averagedParameters) {
        withRandom(seed: 9) { Run.made(generator, 500) }.mean(axes: [0]).array(of: Double.self)
      }
    }

    var weights: [String: [UInt8]] { store.state.mapValues { $0.withBytes { Array($0) } } }

    func trainer(_ options: TrainingOptions, stopAt: Int = .max) throws -> Trainer<Batch> {
      try Trainer(step, store, source: Points(), options: options, shouldStop: { $0.totalSteps == stopAt })
    }
  }

  @Test func eachPlayerTrainsItsOwnParameters() async throws {
    for (rates, moving) in [((0.0, 0.01), "discriminator"), ((0.01, 0.0), "generator")] {
      let run = try Run(rates: rates)
      let before = run.weights
      _ = try await run.trainer(TrainingOptions(maxSteps: 3)).run()
      for (path, bytes) in run.weights {
        let isSame = before[path] == bytes
        #expect(isSame != path.hasPrefix(moving), "\(path)")
      }
    }
  }

  /// Points of a batch lie around (0.45, 0.45), untrained ones around 0. The players circle around that
  /// (a discriminator that has been fooled on one side turns to the other), the averaged weights less.
  @Test(arguments: [AdversarialLoss.nonSaturating, .hinge, .leastSquares])
  func whatIsMadeComesToResembleTheData(loss: AdversarialLoss) async throws {
    let run = try Run(loss: loss)
    let trainer = try run.trainer(TrainingOptions(epochs: 150))
    _ = try await trainer.run()
    let found = try run.mean()
    #expect(found.allSatisfy { abs($0 - 0.45) < 0.2 }, "\(found)")
    // Neither player has won: of a discriminator that always knows the loss is 0.
    let last = trainer.context.position.history.suffix(10).compactMap { $0["loss"] }
    #expect(last.allSatisfy { $0 > 0.1 && $0 < 3 }, "\(last)")
    let names = Set(trainer.context.metrics.keys)
    #expect(names == ["loss", "generator/loss", "judged/real", "judged/fake"])
    let own = run.store.trainable.map(\.path).filter { $0.hasPrefix("generator") }
    #expect(Set(run.step.averagedParameters.keys) == Set(own))
  }

  @Test func interruptedTrainingGivesTheSameWeights() async throws {
    let options = TrainingOptions(epochs: 3)
    let whole = try Run()
    _ = try await whole.trainer(options).run()

    let first = try Run()
    let interrupted = try first.trainer(options, stopAt: 6)
    #expect(try await interrupted.run() == .interrupted)
    let checkpoint = try interrupted.context.checkpoint()
    let second = try Run()
    #expect(try await second.trainer(options).run(from: checkpoint) == .finished)

    #expect(second.step.count == 12)
    let isSame = second.weights == whole.weights
    #expect(isSame)
    let (a, b) = (second.step.state, whole.step.state)
    #expect(Set(a.keys) == Set(b.keys))
    for (name, value) in a {
      let isSame = value.withBytes { Array($0) } == b[name]?.withBytes { Array($0) }
      #expect(isSame, "\(name)")
    }
  }

  @Test func aStateOfUnequalPlayersIsRefused() async throws {
    let run = try Run()
    _ = try await run.trainer(TrainingOptions(maxSteps: 2)).run()
    var state = run.step.state
    state["discriminator.step"] = Tensor([1], shape: [])
    #expect(throws: TensorError.self) { try Run().step.restore(state) }
    state["discriminator.step"] = nil
    #expect(throws: TensorError.self) { try Run().step.restore(state) }
  }
}
