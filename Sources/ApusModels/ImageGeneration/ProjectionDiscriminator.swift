import Apus

/// A discriminator that knows the classes of images, by the product of their features with an embedding of the
/// class (Miyato and Koyama, 2018).
///
/// The convolutions are those of a DCGAN without batch norm, and a dense layer follows. With batch norm, or with
/// features that are only averaged, generators make one image for each class.
///
/// Parameters: `convolutions.<index>`, `hidden` `[features, …]`, `output`, and `embedding.weight`
/// `[class, features]`.
public struct ProjectionDiscriminator: Sendable {
  private let convolutions: [Conv2D]
  private let hidden: Linear
  private let output: Linear
  private let embedding: Embedding

  /// - Parameters:
  ///   - shape: of the images; extents of 8 at least that can be halved.
  ///   - width: the channels at half the extents, twice as many with each further halving.
  public init(_ scope: Scope, _ shape: ImageShape, width: Int = 64, classes: Int) {
    checkHalvings(shape, "ProjectionDiscriminator")
    let halvings = max(shape.halvings, 1)
    let widths = [shape.channels] + (0..<halvings).map { width << $0 }
    let features = widths[halvings]
    convolutions = (0..<halvings).map {
      Conv2D(
        (scope / "convolutions" / $0).with(weightInitializer: convolutionStart), widths[$0], widths[$0 + 1],
        kernel: 4, stride: 2, padding: 1)
    }
    hidden = Linear(scope / "hidden", shape.smallest.reduce(features, *), features)
    output = Linear(scope / "output", features, 1)
    embedding = Embedding(scope / "embedding", classes, features)
  }

  /// Images `[batch, height, width, channel]` and classes, integers `[batch]`, to scores `[batch]`, high for
  /// real images.
  public func callAsFunction(_ x: Tensor, classes: Tensor) -> Tensor {
    let maps = convolutions.reduce(x) { leakyRelu($1($0), slope: 0.2) }
    let features = leakyRelu(hidden(maps.flattened(from: 1)), slope: 0.2)
    let chosen = embedding(classes) / Tensor(Double(embedding.weight.shape[1]).squareRoot())
    return output(features).squeezed(-1) + (features * chosen).sum(axis: -1)
  }
}
