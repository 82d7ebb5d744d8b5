import Apus

/// An autoencoder with convolutions (Masci et al., 2011): images through a few numbers and back.
///
/// Input: `[batch, height, width, channel]`, elements from 0 to 1. Output: the same shape.
public struct Autoencoder: Layer {
  private let encoder: ImageEncoder
  private let decoder: ImageDecoder

  /// - Parameter latent: the numbers that an image is made of.
  public init(_ scope: Scope, _ shape: ImageShape, latent: Int = 32, width: Int = 32) {
    encoder = ImageEncoder(scope / "encoder", shape, outputs: latent, width: width)
    decoder = ImageDecoder(scope / "decoder", shape, latent: latent, width: width)
  }

  /// Images to `[batch, latent]`.
  public func encode(_ x: Tensor) -> Tensor { encoder(x) }

  /// `[batch, latent]` to images.
  public func decode(_ z: Tensor) -> Tensor { sigmoid(decoder(z)) }

  public func callAsFunction(_ x: Tensor) -> Tensor { decode(encode(x)) }

  /// The binary cross-entropy of the images that come back, the mean over all pixels.
  public func loss(_ x: Tensor) -> Tensor {
    binaryCrossEntropyWithLogits(decoder(encoder(x)), x)
  }
}

/// A variational autoencoder (Kingma and Welling, 2014) with normal distributions in the middle.
///
/// Images are `[batch, height, width, channel]`, elements from 0 to 1.
public struct VariationalAutoencoder: Layer {
  private let encoder: ImageEncoder
  private let decoder: ImageDecoder
  public let latent: Int

  /// - Parameter latent: the numbers that an image is made of.
  public init(_ scope: Scope, _ shape: ImageShape, latent: Int = 20, width: Int = 32) {
    encoder = ImageEncoder(scope / "encoder", shape, outputs: 2 * latent, width: width)
    decoder = ImageDecoder(scope / "decoder", shape, latent: latent, width: width)
    self.latent = latent
  }

  /// Mean and logarithm of the variance of the latent numbers, `[batch, latent]` both.
  public func encode(_ x: Tensor) -> (mean: Tensor, logVariance: Tensor) {
    let halves = encoder(x).chunked(2, axis: -1)
    return (halves[0], halves[1])
  }

  /// A random sample of the distribution, through which gradients flow (the reparametrisation).
  public func sample(mean: Tensor, logVariance: Tensor) -> Tensor {
    mean + exp(logVariance * 0.5) * Tensor.normal(mean.shape, dtype: mean.dtype)
  }

  /// `[batch, latent]` to images. New images are decoded normal random numbers.
  public func decode(_ z: Tensor) -> Tensor { sigmoid(decoder(z)) }

  /// Images and back, in training by a sample, in inference by the mean.
  public func callAsFunction(_ x: Tensor) -> Tensor { decode(latents(encode(x))) }

  /// The negative evidence lower bound of an image, the mean over the batch: the binary cross-entropy,
  /// summed over the pixels, plus beta times the divergence from the standard normal distribution.
  ///
  /// - Parameter beta: above 1 for latent numbers that are less entangled (Higgins et al., 2017).
  public func loss(_ x: Tensor, beta: Double = 1) -> Tensor {
    let code = encode(x)
    let logits = decoder(latents(code))
    let reconstruction = binaryCrossEntropyWithLogits(logits, x, reduction: .sum)
    let divergence = gaussianDivergence(mean: code.mean, logVariance: code.logVariance).sum()
    return (reconstruction + divergence * Tensor(beta)) / Tensor(x.shape[0])
  }

  private func latents(_ code: (mean: Tensor, logVariance: Tensor)) -> Tensor {
    Mode.isTraining ? sample(mean: code.mean, logVariance: code.logVariance) : code.mean
  }
}

/// The Kullback-Leibler divergence of normal distributions, `[batch, latent]`, from the standard one:
/// `[batch]`.
func gaussianDivergence(mean: Tensor, logVariance: Tensor) -> Tensor {
  let terms = mean * mean + exp(logVariance) - logVariance - 1
  return terms.sum(axis: -1) * 0.5
}

/// Convolutions of 4 × 4 at stride 2 with twice the channels each, then a dense layer.
struct ImageEncoder: Layer {
  private let convolutions: [Conv2D]
  private let output: Linear

  init(_ scope: Scope, _ shape: ImageShape, outputs: Int, width: Int) {
    let widths = [shape.channels] + (0..<shape.halvings).map { width << $0 }
    convolutions = (0..<shape.halvings).map {
      Conv2D(scope / "conv" / $0, widths[$0], widths[$0 + 1], kernel: 4, stride: 2, padding: 1)
    }
    let features = shape.smallest.reduce(widths[widths.count - 1], *)
    output = Linear(scope / "output", features, outputs)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    output(convolutions.reduce(x) { relu($1($0)) }.flattened(from: 1))
  }
}

/// The mirror of `ImageEncoder`: `[batch, latent]` to logits of images.
struct ImageDecoder: Layer {
  private let input: Linear
  private let convolutions: [ConvTranspose2D]
  private let output: Conv2D
  private let start: Shape

  init(_ scope: Scope, _ shape: ImageShape, latent: Int, width: Int) {
    let widths = (0...shape.halvings).map { (width << $0) / 2 }
    start = Shape([-1] + shape.smallest + [widths[shape.halvings]])
    input = Linear(scope / "input", latent, start.dropFirst().reduce(1, *))
    convolutions = (0..<shape.halvings).reversed().map { level in
      ConvTranspose2D(
        scope / "conv" / level, widths[level + 1], widths[level], kernel: 4, stride: 2, padding: 1)
    }
    output = Conv2D(scope / "output", widths[0], shape.channels, kernel: 3, padding: 1)
  }

  func callAsFunction(_ z: Tensor) -> Tensor {
    output(convolutions.reduce(relu(input(z)).reshaped(start)) { relu($1($0)) })
  }
}
