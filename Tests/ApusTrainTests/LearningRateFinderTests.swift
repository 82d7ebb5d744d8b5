import Apus
import Testing

@testable import ApusTrain

@Suite struct LearningRateFinderTests {
  @Test func aRateIsSuggestedAndTheModelIsLeftAlone() async throws {
    let run = try LineRun()
    let before = run.weights
    let finder = LearningRateFinder(lowest: 1e-5, highest: 100, steps: 80)
    let curve = try await finder.run(run.store, source: Points()) { schedule in
      Step(run.step.model, SGD(learningRate: schedule), batchLoss: LineRun.squaredError)
    }
    let isSame = run.weights == before
    #expect(isSame)
    #expect(curve.rates.count > 20 && curve.rates[0] == 1e-5)
    // Far above 1 the loss runs away, far below 0.001 nothing moves.
    let rate = try #require(curve.suggestion)
    #expect((1e-3...2).contains(rate), "\(rate)")
    var page = ReportPage(title: "rates")
    page.add(.learningRates(curve))
    #expect(page.html.components(separatedBy: "<polyline").count == 3)
  }

  @Test func theScheduleGrowsEvenly() {
    let schedule = LearningRateFinder(lowest: 1e-4, highest: 1, steps: 5).schedule
    let expected = [1e-4, 1e-3, 1e-2, 1e-1, 1]
    #expect(expected.indices.allSatisfy { abs(schedule($0) / expected[$0] - 1) < 1e-9 })
  }

  @Test func ratesThatDoNotGrowAreRefused() async throws {
    let run = try LineRun()
    await #expect(throws: ConfigurationError.self) {
      _ = try await LearningRateFinder(lowest: 1, highest: 1).run(run.store, source: Points()) { _ in run.step }
    }
  }
}
