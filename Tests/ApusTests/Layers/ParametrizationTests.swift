import Apus
import Testing

/// Layers whose weight is computed from other parameters have PyTorch's keys, outputs, gradients and
/// singular vectors.
@Suite struct ParametrizationTests {
  private static let golden = Golden("parametrizations")

  private static let cases: [LayerCase] = [
    LayerCase("spectral.linear") { scope in SpectralNorm(scope) { Linear($0, 3, 5) } },
    LayerCase("spectral.conv2D") { scope in
      SpectralNorm(scope, iterations: 2) { Conv2D($0, 3, 4, kernel: 3, padding: 1) }
    },
    LayerCase("spectral.convTranspose2D") { scope in
      SpectralNorm(scope, axis: 1) { ConvTranspose2D($0, 3, 2, kernel: 2, bias: false) }
    },
    LayerCase("weight.linear") { scope in WeightNorm(scope) { Linear($0, 3, 5) } },
    LayerCase("weight.conv2D") { scope in WeightNorm(scope) { Conv2D($0, 3, 4, kernel: 3) } },
    LayerCase("weight.convTranspose2D") { scope in
      WeightNorm(scope, axis: 1) { ConvTranspose2D($0, 3, 2, kernel: 2) }
    },
  ]

  @Test(arguments: cases) func equalsPyTorch(_ item: LayerCase) throws { try item.check(in: Self.golden) }

  @Test func everyGoldenHasACase() {
    let covered = Set(Self.cases.map(\.name))
    #expect(covered == Self.golden.layerCases)
  }

  /// After the first fifteen iterations the greatest singular value is nearly 1; more bring it nearer.
  @Test func theGreatestSingularValueIsOne() throws {
    let store = ParameterStore(seed: 4)
    let layer = SpectralNorm(store.scope, iterations: 30) { Linear($0, 6, 4, bias: false) }
    let unit = Tensor.eye(6)
    _ = withTraining { layer(unit) }
    let values = svd(layer(unit)).s
    #expect(abs(values[0].item - 1) < 1e-4, "\(values)")
  }

  /// Made layers compute what the plain ones do until they are trained.
  @Test func weightNormChangesNothingAtFirst() throws {
    let store = ParameterStore(seed: 4)
    let layer = WeightNorm(store.scope) { Linear($0, 6, 4) }
    let x = Tensor.normal([3, 6], key: RandomKey(seed: 1))
    let weight = try #require(store["parametrizations.weight.original1"]).value
    let plain = matmul(x, weight.transposed()) + (try #require(layer.inner.bias)).value
    expectClose(layer(x), plain)
  }

  @Test func layersWithoutAWeightOrAxisAreNamed() {
    #expect(throws: TensorError.self) {
      try withTensorErrors { _ = SpectralNorm(ParameterStore().scope) { _ in ReLU() } }
    }
    #expect(throws: TensorError.self) {
      try withTensorErrors {
        _ = WeightNorm(ParameterStore().scope) { Sequential($0, { Linear($0, 2, 2) }) }
      }
    }
    #expect(throws: TensorError.self) {
      try withTensorErrors { _ = SpectralNorm(ParameterStore().scope, axis: 2) { Linear($0, 2, 2) } }
    }
    #expect(throws: TensorError.self) {
      try withTensorErrors { _ = SpectralNorm(ParameterStore().scope) { LayerNorm($0, 4) } }
    }
  }
}
