import Apus
import ApusModels

/// A model that makes few numbers of images, and images of these again. Images are `[batch, height, width, channel]`,
/// 0 to 1.
enum ImageAutoencoder: Sendable {
  case plain(Autoencoder)
  case variational(VariationalAutoencoder, beta: Double)

  func reconstructed(_ x: Tensor) -> Tensor {
    switch self {
    case .plain(let model): model(x)
    case .variational(let model, _): model(x)
    }
  }

  func loss(_ x: Tensor) -> Tensor {
    switch self {
    case .plain(let model): model.loss(x)
    case .variational(let model, let beta): model.loss(x, beta: beta)
    }
  }

  /// New images of random numbers; nil where codes are of no known distribution.
  func samples(_ count: Int, seed: UInt64) -> Tensor? {
    guard case .variational(let model, _) = self else { return nil }
    return model.decode(.normal([count, model.latent], key: RandomKey(seed: seed)))
  }
}

extension ModelCatalog {
  private static let size = Option.integer("width", 1...4_096, 32, "channels of the first convolution")

  static let autoencoders = [
    Entry(
      "autoencoder", [.integer("latent", 1...1_000_000, 32, "numbers that an image becomes"), size],
      "for images, which come back; it has a loss of its own: the binary cross-entropy of a pixel"
    ) { a in
      .autoencoder { scope, shape in
        .plain(Autoencoder(scope, shape, latent: a.integer("latent"), width: a.integer("width")))
      }
    },
    Entry(
      "vae",
      [
        .integer("latent", 1...1_000_000, 20, "numbers that an image becomes"), size, .number("beta", .nonNegative, 1),
      ], "for images, variational; its loss is the negative evidence lower bound of an image, in nats"
    ) { a in
      .autoencoder { scope, shape in
        .variational(
          VariationalAutoencoder(scope, shape, latent: a.integer("latent"), width: a.integer("width")),
          beta: a.number("beta"))
      }
    },
  ]

  static func isAutoencoder(_ model: Component) -> Bool { autoencoders.contains { $0.name == model.name } }

  /// The autoencoder that a configuration names.
  static func autoencoder(_ definition: Component, _ scope: Scope, _ shape: ImageShape) throws -> ImageAutoencoder {
    guard case .autoencoder(let make) = try catalog.make(definition) else { throw unsuitable(definition, for: .images) }
    return try make(scope, shape)
  }
}
