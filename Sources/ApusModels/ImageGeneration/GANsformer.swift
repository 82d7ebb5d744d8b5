import Apus

/// A generator whose image attends to its latent vectors, the simplex form of the GANsformer (Hudson and
/// Zitnick, 2021): each place of the image chooses among k vectors what to become, so that each vector
/// can stand for a region. From a learned start at the smallest extents, the image is enlarged,
/// convolved and attends at each size. Use it with `DCGANDiscriminator`.
///
/// Parameters: `embedding.weight`; `mapping.<index>`, dense layers; `component` `[k, width]`, what
/// distinguishes the vectors; `start`; `stages.<index>` with `conv` and `attention`; `output`.
public struct GANsformerGenerator: Sendable {
  public struct Configuration: Hashable, Sendable {
    public var shape: ImageShape
    /// The number of latent vectors.
    public var components: Int
    /// The numbers in a latent vector.
    public var latent: Int
    /// The features of a latent vector after the mapping.
    public var styleWidth: Int
    /// The channels at the full extents, twice as many with each halving, but 256 at most.
    public var width: Int
    /// The dense layers of the mapping.
    public var depth: Int
    /// The number of classes, or nil for images without.
    public var classes: Int?

    public init(
      _ shape: ImageShape, components: Int = 8, latent: Int = 32, styleWidth: Int = 64,
      width: Int = 32, depth: Int = 3, classes: Int? = nil
    ) {
      self.shape = shape
      self.components = components
      self.latent = latent
      self.styleWidth = styleWidth
      self.width = width
      self.depth = depth
      self.classes = classes
    }

    /// The channels after `halvings`.
    func width(halvings: Int) -> Int { max(width, min(width << halvings, 256)) }
  }

  private let embedding: Embedding?
  private let mapping: [Linear]
  private let component: Parameter
  private let start: Parameter
  private let stages: [Stage]
  private let output: Conv2D

  public init(_ scope: Scope, _ configuration: Configuration) {
    let (shape, style) = (configuration.shape, configuration.styleWidth)
    let latent = configuration.latent
    embedding = configuration.classes.map { Embedding(scope / "embedding", $0, latent) }
    let first = configuration.classes == nil ? latent : 2 * latent
    mapping = (0..<configuration.depth).map {
      Linear(scope / "mapping" / $0, $0 == 0 ? first : style, style)
    }
    let last = configuration.depth == 0 ? first : style
    component = scope.parameter("component", [configuration.components, last], .normal())
    let widths = (0...shape.halvings).reversed().map { configuration.width(halvings: $0) }
    start = scope.parameter("start", Shape([1] + shape.smallest + [widths[0]]), .normal())
    stages = widths.indices.map { index in
      Stage(
        scope / "stages" / index, widths[max(index - 1, 0)], widths[index], style: last,
        enlarges: index > 0)
    }
    output = Conv2D(scope / "output", configuration.width, shape.channels, kernel: 1)
  }

  /// Latent vectors `[batch, k, latent]`, normally distributed, and classes, integers `[batch]`, to images
  /// `[batch, height, width, channel]` with elements from -1 to 1.
  public func callAsFunction(_ z: Tensor, classes: Tensor? = nil) -> Tensor {
    guard
      check(
        z.rank == 3 && z.shape[1] == component.shape[0], .shape, "GANsformerGenerator",
        "latent vectors of shape \(z.shape) are not [batch, \(component.shape[0]), latent]")
    else { return z }
    var styles = z
    if let chosen = embedded(classes, by: embedding, "GANsformerGenerator") {
      styles = concatenate([z, chosen.expanded(at: 1).expanded(to: z.shape)], axis: -1)
    }
    styles = mapping.reduce(styles) { leakyRelu($1($0), slope: 0.2) } + component.value
    let first = start.value.expanded(to: Shape([z.shape[0]] + start.shape.dropFirst()))
    return tanh(output(stages.reduce(first) { $1($0, styles) }))
  }
}

/// A size of the image: twice the extents, a convolution, attention to the latent vectors.
private struct Stage: Sendable {
  let conv: Conv2D
  let attention: BipartiteAttention
  let enlarges: Bool

  init(_ scope: Scope, _ inputs: Int, _ outputs: Int, style: Int, enlarges: Bool) {
    conv = Conv2D(scope / "conv", inputs, outputs, kernel: 3, padding: 1)
    attention = BipartiteAttention(scope / "attention", outputs, style: style)
    self.enlarges = enlarges
  }

  func callAsFunction(_ x: Tensor, _ styles: Tensor) -> Tensor {
    let large = enlarges ? x.repeated(2, axis: 1).repeated(2, axis: 2) : x
    return leakyRelu(attention(conv(large), styles), slope: 0.2)
  }
}

/// Attention of each place of an image to latent vectors; what it sees scales and shifts its
/// normalised features.
private struct BipartiteAttention: Sendable {
  let query: Linear
  let key: Linear
  let value: Linear
  let scale: Linear
  let shift: Linear

  init(_ scope: Scope, _ width: Int, style: Int) {
    query = Linear(scope / "query", width, width)
    key = Linear(scope / "key", style, width)
    value = Linear(scope / "value", style, width)
    scale = Linear(scope / "scale", width, width)
    shift = Linear(scope / "shift", width, width)
  }

  /// `[batch, height, width, channel]` and `[batch, k, style]` to the former's shape.
  func callAsFunction(_ x: Tensor, _ styles: Tensor) -> Tensor {
    let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
    let places = x + positions(height, width, channels)
    let queries = query(places.flattened(from: 1, through: 2))
    let seen = scaledDotProductAttention(queries, key(styles), value(styles))
    let grid = seen.unflattened(1, [height, width])
    // Each channel of each image is normalised over its places, as styles are usually put in.
    let deviation = x - x.mean(axes: [1, 2], keepDims: true)
    let variance = (deviation * deviation).mean(axes: [1, 2], keepDims: true)
    let normalized = deviation * rsqrt(variance + 1e-8)
    return normalized * (scale(grid) + 1) + shift(grid)
  }
}

/// Sines and cosines of row and column at growing wavelengths, `[height, width, channel]`: the first half
/// of the channels for the row.
private func positions(_ height: Int, _ width: Int, _ channels: Int) -> Tensor {
  let halves = [channels - channels / 2, channels / 2]
  let parts = zip([height, width], halves).map { extent, count -> Tensor in
    let index = Tensor.arange(count, dtype: .f32)
    let frequency = pow(Tensor(10_000.0), floor(index / 2) * Tensor(-2 / Double(max(count, 1))))
    let phase = remainder(index, 2) * Tensor(Double.pi / 2)
    return sin(Tensor.arange(extent, dtype: .f32).expanded(at: 1) * frequency + phase)
  }
  let rows = parts[0].expanded(at: 1).expanded(to: [height, width, halves[0]])
  return concatenate([rows, parts[1].expanded(to: [height, width, halves[1]])], axis: -1)
}
