import Testing

@testable import Examples

@Suite struct CartPoleExampleTests {
  /// Pushing at random keeps the pole up for 22 steps.
  @Test func cartPole() async throws {
    let score = try await shortRun(CartPoleExample.self)
    #expect(score > 80)
  }
}
