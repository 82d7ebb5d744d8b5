import Testing

@testable import Examples

@Suite(.serialized) struct VAETests {
  /// 41.6 after one epoch.
  @Test func digitsFitTheBound() async throws {
    let bound = try await shortRun(VAE.self, ["--data", "digits"])
    #expect(bound < 28)
  }

  /// 0.135 after one epoch.
  @Test func digitsComeBack() async throws {
    let miss = try await shortRun(VAE.self, ["--data", "digits", "--plain"])
    #expect(miss < 0.045)
  }
}
