import Apus

/// The generator of a DCGAN (Radford et al., 2016), with the parameter names of PyTorch's example:
/// `main.<index>`.
///
/// With classes, the embedding of the class, as many numbers as the latent ones, is put beside them (Mirza
/// and Osindero, 2014); its parameter is `embedding.weight`.
public struct DCGANGenerator: Sendable {
  private let embedding: Embedding?
  private let convolutions: [ConvTranspose2D]
  private let norms: [BatchNorm]

  /// - Parameters:
  ///   - shape: of the images; extents of 8 at least that can be halved.
  ///   - width: the channels at half the extents, twice as many with each further halving.
  ///   - classes: the number of classes, or nil for images without.
  public init(
    _ scope: Scope, _ shape: ImageShape, latent: Int = 100, width: Int = 64, classes: Int? = nil
  ) {
    checkHalvings(shape, "DCGANGenerator")
    embedding = classes.map { Embedding(scope / "embedding", $0, latent) }
    let halvings = max(shape.halvings, 1)
    let main = scope / "main"
    let widths = [classes == nil ? latent : 2 * latent]
      + (0..<halvings).reversed().map { width << $0 } + [shape.channels]
    convolutions = widths.indices.dropLast().map { index in
      ConvTranspose2D(
        (main / (3 * index)).with(weightInitializer: convolutionStart), widths[index], widths[index + 1],
        kernel: index == 0 ? PerAxis(shape.smallest) : 4, stride: index == 0 ? 1 : 2,
        padding: index == 0 ? 0 : 1, bias: false)
    }
    norms = (0..<halvings).map {
      BatchNorm((main / (3 * $0 + 1)).with(weightInitializer: normStart), widths[$0 + 1])
    }
  }

  /// Latent numbers `[batch, latent]`, normally distributed, and classes, integers `[batch]`, to images
  /// `[batch, height, width, channel]` with elements from -1 to 1.
  public func callAsFunction(_ z: Tensor, classes: Tensor? = nil) -> Tensor {
    var h = z
    if let chosen = embedded(classes, by: embedding, "DCGANGenerator") {
      h = concatenate([z, chosen], axis: -1)
    }
    h = h.expanded(at: 1).expanded(at: 1)
    for (convolution, norm) in zip(convolutions, norms) { h = relu(norm(convolution(h))) }
    return convolutions.last.map { tanh($0(h)) } ?? h
  }
}

/// The discriminator of a DCGAN (Radford et al., 2016), with the parameter names of PyTorch's example:
/// `main.<index>`.
///
/// With classes, it adds the product of the features with the embedding of the class (Miyato and Koyama,
/// 2018); its parameter is `embedding.weight`.
public struct DCGANDiscriminator: Sendable {
  private let embedding: Embedding?
  private let convolutions: [Conv2D]
  private let norms: [BatchNorm]
  private let last: Conv2D

  /// - Parameters:
  ///   - shape: of the images; extents of 8 at least that can be halved.
  ///   - width: the channels at half the extents, twice as many with each further halving.
  ///   - classes: the number of classes, or nil for images without.
  public init(_ scope: Scope, _ shape: ImageShape, width: Int = 64, classes: Int? = nil) {
    checkHalvings(shape, "DCGANDiscriminator")
    let halvings = max(shape.halvings, 1)
    let main = (scope / "main").with(weightInitializer: convolutionStart)
    let widths = [shape.channels] + (0..<halvings).map { width << $0 }
    let features = widths[halvings]
    embedding = classes.map { Embedding(scope / "embedding", $0, features) }
    convolutions = (0..<halvings).map {
      Conv2D(
        main / max(3 * $0 - 1, 0), widths[$0], widths[$0 + 1], kernel: 4, stride: 2, padding: 1,
        bias: false)
    }
    norms = (1..<halvings).map {
      BatchNorm((main / (3 * $0)).with(weightInitializer: normStart), widths[$0 + 1])
    }
    last = Conv2D(
      main / (3 * halvings - 1), features, 1, kernel: PerAxis(shape.smallest), bias: false)
  }

  /// Images `[batch, height, width, channel]` and classes, integers `[batch]`, to scores `[batch]`, high
  /// for real images.
  public func callAsFunction(_ x: Tensor, classes: Tensor? = nil) -> Tensor {
    var features = leakyRelu(convolutions[0](x), slope: 0.2)
    for (convolution, norm) in zip(convolutions.dropFirst(), norms) {
      features = leakyRelu(norm(convolution(features)), slope: 0.2)
    }
    let scores = last(features).flattened(from: 1).squeezed(1)
    guard let chosen = embedded(classes, by: embedding, "DCGANDiscriminator") else { return scores }
    return scores + (globalAveragePool(features) * chosen).sum(axis: -1)
  }
}

// The first values of the paper.
let convolutionStart = Initializer.normal(std: 0.02)
private let normStart = Initializer.normal(mean: 1, std: 0.02)

func checkHalvings(_ shape: ImageShape, _ name: String) {
  check(
    shape.halvings > 0, .shape, name,
    "images of \(shape.height) × \(shape.width) cannot be halved",
    hint: "use even extents of at least 8, such as 28 or 32.")
}

/// The vectors of the classes, or nil for a model without classes.
func embedded(_ classes: Tensor?, by embedding: Embedding?, _ name: String) -> Tensor? {
  check(
    (classes == nil) == (embedding == nil), .argument, name,
    classes == nil ? "needs the classes of the images" : "was made without classes")
  guard let classes else { return nil }
  return embedding?(classes)
}
