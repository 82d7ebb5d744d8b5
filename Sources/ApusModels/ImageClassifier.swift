import Apus

/// What a model for images is made for.
public struct ImageClassifierShape: Hashable, Sendable {
  public var height: Int
  public var width: Int
  public var channels: Int
  public var classes: Int

  public init(height: Int, width: Int, channels: Int, classes: Int) {
    self.height = height
    self.width = width
    self.channels = channels
    self.classes = classes
  }
}

/// The models by name.
public enum ModelRegistry {
  /// Makes a model for images: `f32[batch, height, width, channel]` to logits `[batch, class]`.
  public typealias Maker = @Sendable (Scope, ImageClassifierShape) -> any Layer

  /// Name and maker of each, in the order in which they are listed.
  private static let models: [(name: String, make: Maker)] = [
    ("cnn", { CNN($0, $1) }),
    ("mlp", { MLP($0, $1) }),
  ]

  public static let names = models.map(\.name)

  /// The maker of a model, or nil where there is none of this name.
  public static func maker(_ name: String) -> Maker? {
    models.first { $0.name == name }?.make
  }
}
