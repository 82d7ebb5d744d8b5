import Apus
import Testing

/// A layer that must give what PyTorch's gives; `name` is its case in `scripts/golden/layers.py`.
struct LayerCase: CustomTestStringConvertible, Sendable {
  let name: String
  private let make: @Sendable (Scope) -> LayerFunction

  init(_ name: String, _ make: @escaping @Sendable (Scope) -> any Layer) {
    self.name = name
    self.make = { scope in
      let layer = make(scope)
      return { [layer($0[0])] }
    }
  }

  /// A layer, or a function, of several inputs.
  init(_ name: String, of make: @escaping @Sendable (Scope) -> LayerFunction) {
    self.name = name
    self.make = make
  }

  /// A function without parameters.
  init(_ name: String, function: @escaping @Sendable (Tensor) -> Tensor) {
    self.init(name) { _ in Activation(function) }
  }

  var testDescription: String { name }

  func check(in file: Golden) throws { try checkLayer(golden: name, in: file, make) }
}

/// Outputs, gradients and buffers of layers are PyTorch's.
@Suite struct GoldenLayerTests {
  static let golden = Golden("layers")

  static let families: [[LayerCase]] = [
    dense, activations, convolutions, padding, pooling, normalizations, embeddings, resampling,
    rearrangement,
  ]
  static let cases = Array(families.joined())

  @Test(arguments: cases) func equalsPyTorch(_ item: LayerCase) throws {
    try item.check(in: Self.golden)
  }

  @Test func everyGoldenHasACase() {
    let covered = Set(Self.cases.map(\.name))
    #expect(covered == Self.golden.layerCases)
  }
}
