import Apus
import Testing

/// What is dropped in training has the right size, share and mean; inference changes nothing.
@Suite struct DropoutTests {
  private let x = Tensor.ones([40, 5, 5, 30])

  private func trained(_ layer: any Layer, _ x: Tensor) throws -> Tensor {
    let result = withTraining { withRandom(seed: 7) { layer(x) } }
    return try result.evaluated()
  }

  private func share(_ x: Tensor) -> Double { (x .== 0).mean().item }

  @Test func inferenceChangesNothing() {
    let layers: [any Layer] = [
      Dropout(), ChannelDropout(), AlphaDropout(), FeatureAlphaDropout(), DropPath(), RReLU(),
    ]
    for layer in layers {
      let isSame = layer(x) == x
      #expect(isSame, "\(layer)")
    }
  }

  @Test func channelsGoAsAWhole() throws {
    let result = try trained(ChannelDropout(0.4), x)
    let isUniform = result == result[.all, 0..<1, 0..<1].expanded(to: x.shape)
    #expect(isUniform)
    #expect(abs(share(result) - 0.4) < 0.04)
    #expect(abs(result.max().item - 1 / 0.6) < 1e-6)
  }

  @Test func pathsGoAsAWhole() throws {
    let result = try trained(DropPath(0.3), Tensor.ones([2000, 2, 3]))
    let isUniform = result == result[.all, 0..<1, 0..<1].expanded(to: [2000, 2, 3])
    #expect(isUniform)
    #expect(abs(share(result) - 0.3) < 0.04)
    #expect(abs(result.mean().item - 1) < 0.05)
  }

  @Test func alphaDropoutKeepsMeanAndVariance() throws {
    let x = Tensor.normal([200, 10, 100], key: RandomKey(seed: 2))
    for layer in [AlphaDropout(0.3), FeatureAlphaDropout(0.3)] as [any Layer] {
      let result = try trained(layer, x)
      #expect(abs(result.mean().item) < 0.05, "\(layer)")
      #expect(abs(result.std().item - 1) < 0.05, "\(layer)")
    }
    // What is dropped becomes PyTorch's a · alpha' + b.
    let result = try trained(AlphaDropout(0.3), x)
    let floor = -1.7580993408473766
    let factor = 1 / (0.7 * (1 + 0.3 * floor * floor)).squareRoot()
    let isFloor = abs(result - Tensor(factor * floor * 0.7)) .< 1e-6
    #expect(abs(isFloor.mean().item - 0.3) < 0.02)
  }

  @Test func everythingCanGo() throws {
    for layer in [Dropout(1), ChannelDropout(1), AlphaDropout(1), DropPath(1)] as [any Layer] {
      let isZero = try trained(layer, x) == x.zerosLike()
      #expect(isZero, "\(layer)")
    }
    #expect(mistake { _ = ChannelDropout(1.5) }.contains("from 0 to 1"))
  }

  @Test func slopesAreRandomInTraining() throws {
    let result = try trained(RReLU(), Tensor.full([1000], -1.0))
    #expect(result.max().item <= -0.125 && result.min().item >= -1.0 / 3)
    #expect(abs(result.mean().item + (0.125 + 1.0 / 3) / 2) < 0.01)
    #expect(result.std().item > 0.04)
  }
}
