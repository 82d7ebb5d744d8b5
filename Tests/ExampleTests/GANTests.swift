import Testing

@testable import Examples

/// Chance is 10 %: a picture of noise is taken for one class or another.
@Suite(.serialized) struct GANTests {
  @Test(arguments: ["dcgan", "gansformer"])
  func digitsAreRecognised(_ generator: String) async throws {
    let score = try await shortRun(GAN.self, ["--data", "digits", "--generator", generator])
    #expect(score > 0.3)
  }

  @Test(.enabled(if: RealData.has("fashion-mnist"), "needs the real data"))
  func clothesAreRecognised() async throws {
    let score = try await shortRun(GAN.self, data: "fashion-mnist")
    #expect(score > 0.3)
  }
}
