import Apus
import ApusModels
import ArgumentParser

/// Which network makes the pictures.
enum GeneratorKind: String, CaseIterable, ExpressibleByArgument {
  /// Transposed convolutions (Radford et al., 2016).
  case dcgan
  /// Each place of the picture attends to the latent vectors (Hudson and Zitnick, 2021).
  case gansformer
}

/// A generator and a discriminator of pictures with classes, with the parameters of both in one store:
/// `generator.…` and `discriminator.…`.
struct Players: Sendable {
  let store: ParameterStore
  /// Random numbers and classes to pictures, -1 to 1.
  let make: @Sendable (_ noise: Tensor, _ classes: Tensor) -> Tensor
  /// Pictures and classes to scores.
  let judge: @Sendable (_ pictures: Tensor, _ classes: Tensor) -> Tensor
  /// The random numbers of one picture.
  private let noiseShape: [Int]

  /// - Parameter width: the channels of the discriminator at half the extents.
  init(_ kind: GeneratorKind, _ shape: ImageShape, classes: Int, width: Int, seed: UInt64) throws {
    let store = ParameterStore(seed: seed)
    let scope = store.scope / "generator"
    switch kind {
    case .dcgan:
      noiseShape = [64]
      let generator = DCGANGenerator(scope, shape, latent: 64, width: width, classes: classes)
      make = { generator($0, classes: $1) }
    case .gansformer:
      noiseShape = [8, 16]
      let generator = GANsformerGenerator(
        scope, .init(shape, components: 8, latent: 16, width: width / 2, classes: classes))
      make = { generator($0, classes: $1) }
    }
    let discriminator = ProjectionDiscriminator(
      store.scope / "discriminator", shape, width: width, classes: classes)
    judge = { discriminator($0, classes: $1) }
    self.store = store
    try store.materialize()
  }

  /// Normal random numbers for so many pictures.
  func noise(_ count: Int, key: RandomKey? = nil) -> Tensor { .normal(Shape([count] + noiseShape), key: key) }

  /// What `generator` or `discriminator` trains.
  func parameters(of player: String) -> [Parameter] {
    store.trainable.filter { $0.path.hasPrefix(player + ".") }
  }

  /// The generator's running statistics.
  var statistics: [String: Tensor] {
    store.state.filter { $0.key.hasPrefix("generator.") && store[$0.key]?.isTrainable == false }
  }
}
