import Apus
import ApusIR

/// Layers one after the other, as a configuration lists them. Parameters are named as in PyTorch's
/// `Sequential`: `0.weight`.
struct LayerList: Layer {
  private let parts: [(scope: Scope, layer: any Layer)]
  /// Extents of the output of one example.
  let output: [Int]

  /// The most numbers that one example may have between two layers.
  private static let maximumElementCount = 0x1p31

  /// Makes the layers; what each takes is what the one before gives.
  ///
  /// - Throws: ``ConfigurationError`` that names the layer and what it gets.
  init(_ components: [Component], _ scope: Scope, input: [Int], outputs: Int) throws {
    var parts: [(scope: Scope, layer: any Layer)] = []
    var extents = input
    for (index, component) in components.enumerated() {
      let place = LayerSite(scope: scope / index, input: extents, outputs: outputs, component: component)
      do {
        let (layer, shape) = try withTensorErrors {
          let layer = try LayerCatalog.catalog.make(component)(place)
          let x = Tensor(Node.placeholder(TensorType(.f32, Shape([1] + extents))))
          return (layer, layer(x).shape.extents)
        }
        parts.append((place.scope, layer))
        extents = Array(shape.dropFirst())
      } catch let error as TensorError {
        throw place.error("\(error)")
      }
      let count = extents.map(Double.init).reduce(1, *)
      guard count >= 1, count <= LayerList.maximumElementCount else {
        throw place.error("it would give \(extents) for each example.")
      }
    }
    self.parts = parts
    output = extents
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    parts.reduce(x) { value, part in part.scope.run { part.layer(value) } }
  }
}

/// x + f(x), where f keeps the shape.
struct ResidualLayers: Layer {
  let body: LayerList
  func callAsFunction(_ x: Tensor) -> Tensor { x + body(x) }
}

/// Where a layer is made: what it gets and where its parameters go.
struct LayerSite {
  let scope: Scope
  /// Extents of one example.
  let input: [Int]
  /// The numbers that the whole model gives.
  let outputs: Int
  let component: Component

  var channels: Int { input.last ?? 1 }

  func error(_ reason: String) -> ConfigurationError {
    component.place.error("layer \(scope.path) (\(component.name)) gets \(input) for each example: \(reason)")
  }

  /// - Throws: unless the input is an image.
  func image() throws {
    guard input.count == 3 else {
      throw error("it takes images, [height, width, channel].")
    }
  }

  /// The product of a number of channels and a multiplier.
  func wide(_ multiplier: Int) throws -> Int { channels * multiplier }
}
