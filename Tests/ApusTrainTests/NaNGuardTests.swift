import Apus
import Testing

@testable import ApusTrain

/// A number that is not finite is traced to the operation and the layer that made it.
@Suite struct NaNGuardTests {
  private func failure(
    _ run: LineRun, source: Points = Points(), snapshotEvery: Int? = 3
  ) async -> String {
    do {
      let options = TrainingOptions(epochs: 20, readEvery: 4, snapshotEvery: snapshotEvery)
      _ = try await run.trainer(options, source: source).run()
      return "nothing"
    } catch { return "\(error)" }
  }

  private func expect(_ message: String, has parts: String...) {
    for part in parts { #expect(message.contains(part), "\(message)") }
  }

  @Test func aLogarithmOfANegativeNumberIsNamed() async throws {
    let run = try LineRun { model, batch in log(model.output(tanh(model.hidden(batch.x)))).mean() }
    let message = await failure(run)
    expect(message, has: "in epoch 1 at step 1: log made NaN from f32[8, 1] of ", "lower learning rate")
  }

  @Test func aDivisionByZeroIsNamedWithItsInfinity() async throws {
    let run = try LineRun { model, batch in
      let one = model(batch.x)
      let infinite = one / (one - one)
      return (infinite - infinite).sum()
    }
    expect(await failure(run), has: "made NaN")
  }

  @Test func anOverflowInALayerIsNamed() async throws {
    struct Growing: Layer {
      let inner: Linear
      let scope: Scope
      init(_ scope: Scope) {
        self.scope = scope
        inner = Linear(scope / "inner", 2, 1)
      }
      func callAsFunction(_ x: Tensor) -> Tensor { scope.run { exp(inner(x) * 0 + 1000) } }
    }
    let store = ParameterStore(seed: 0)
    let model = Growing(store.scope / "encoder" / "layers" / 2)
    let step = Step(model, SGD(learningRate: 0.1), batchLoss: { $0($1.x).mean() })
    let trainer = try Trainer(
      step, store, source: Points(), options: TrainingOptions(epochs: 1, snapshotEvery: 1))
    do {
      _ = try await trainer.run()
      Issue.record("training went on")
    } catch {
      expect("\(error)", has: "the loss became inf", "exp in encoder.layers.2 made infinity from", "1000.0")
    }
  }

  /// The loss is finite still, but a derivative is not: the next step would see broken weights.
  @Test func aDerivativeIsNamed() async throws {
    let run = try LineRun { model, batch in sqrt(model(batch.x) * 0).mean() }
    expect(await failure(run), has: "at step 2: the derivative of")
  }

  @Test func aBrokenBatchIsNamedAndTheModelIsAsBefore() async throws {
    let run = try LineRun()
    let message = await failure(run, source: Points(broken: (1, 2)))
    expect(message, has: "in epoch 2 at step 3: the batch has NaN")
    #expect(run.step.count == 6)
    let isWhole = run.store.state.values.allSatisfy { isFinite($0).all().scalar(as: Bool.self) }
    #expect(isWhole)
  }

  /// A mask's infinity is none of the guard's business.
  @Test func infinitiesThatDoNoHarmAreLeftAlone() throws {
    let run = try LineRun { model, batch in
      let scores = model.hidden(batch.x)
      let masked = Tensor.where(Tensor([true, true, true, true, false, true, true, true]), scores, -Tensor(Double.infinity))
      let weights = softmax(masked, axis: -1)
      return log(weights.sum() - 9).mean()
    }
    let batch = Batch(x: Tensor.zeros([8, 2], dtype: .f32), y: Tensor.zeros([8, 1], dtype: .f32))
    let origin = try #require(try NonFiniteOrigin(in: run.step.graph(batch)))
    #expect(origin.operation == "log" && origin.module == nil && !origin.isBackward)
  }

  @Test func withoutTheGuardOnlyTheStepIsNamed() async throws {
    let message = await failure(try LineRun(), source: Points(broken: (0, 1)), snapshotEvery: nil)
    #expect(message == "the loss became nan in epoch 1 at step 2; try a lower learning rate than 0.05.")
  }
}
