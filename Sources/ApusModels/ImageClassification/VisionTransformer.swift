import Apus

/// The vision transformer (Dosovitskiy et al., 2021), with torchvision's parameter names: the image is cut
/// into patches, which are the tokens of a transformer encoder; the answer is read at one more token.
///
/// Input: `[batch, height, width, channel]` of the size it was made for; traps where that is not a
/// multiple of the patch. Output: logits, `[batch, class]`.
public struct VisionTransformer: Layer {
  public struct Configuration: Hashable, Sendable {
    public var shape: ImageClassifierShape
    /// Height and width of a patch, in pixels.
    public var patch: Int
    public var depth: Int
    public var heads: Int
    /// The features of a token.
    public var width: Int
    /// The features inside the two dense layers of a block.
    public var hidden: Int
    public var dropout: Double

    public init(
      _ shape: ImageClassifierShape, patch: Int, depth: Int, heads: Int, width: Int, hidden: Int,
      dropout: Double = 0
    ) {
      self.shape = shape
      self.patch = patch
      self.depth = depth
      self.heads = heads
      self.width = width
      self.hidden = hidden
      self.dropout = dropout
    }

    /// ViT-B/16; patches of 4 for small images.
    public static func base(_ shape: ImageClassifierShape = .imageNet) -> Configuration {
      Configuration(
        shape, patch: shape.isSmall ? 4 : 16, depth: 12, heads: 12, width: 768, hidden: 3072)
    }

    /// DeiT's ViT-Ti/16 (Touvron et al., 2021); patches of 4 for small images.
    public static func tiny(_ shape: ImageClassifierShape = .imageNet) -> Configuration {
      Configuration(
        shape, patch: shape.isSmall ? 4 : 16, depth: 12, heads: 3, width: 192, hidden: 768)
    }
  }

  private let patches: Conv2D
  private let classToken: Parameter
  private let position: Parameter
  private let blocks: [VisionTransformerBlock]
  private let norm: LayerNorm
  private let head: Linear
  private let dropout: Dropout

  public init(_ scope: Scope, _ configuration: Configuration) {
    let (shape, patch, width) = (configuration.shape, configuration.patch, configuration.width)
    check(
      patch > 0 && shape.height % patch == 0 && shape.width % patch == 0, .shape, "VisionTransformer",
      "images of \(shape.height) × \(shape.width) cannot be cut into patches of \(patch) × \(patch)",
      hint: "resize the images, or choose another patch.")
    let tokens = 1 + (shape.height / max(patch, 1)) * (shape.width / max(patch, 1))
    classToken = scope.parameter("class_token", [1, 1, width], .zeros)
    let fanIn = Double(shape.channels * patch * patch)
    let start = Initializer.truncatedNormal(std: (1 / max(fanIn, 1)).squareRoot())
    patches = Conv2D(
      (scope / "conv_proj").with(weightInitializer: start), shape.channels, width,
      kernel: PerAxis(patch), stride: PerAxis(patch))
    let encoder = scope / "encoder"
    position = encoder.parameter("pos_embedding", [1, tokens, width], .normal(std: 0.02))
    blocks = (0..<configuration.depth).map {
      VisionTransformerBlock(encoder / "layers" / "encoder_layer_\($0)", configuration)
    }
    norm = LayerNorm(encoder / "ln", width, epsilon: 1e-6)
    head = Linear(
      (scope / "heads" / "head").with(weightInitializer: .zeros), width, shape.classes)
    dropout = Dropout(configuration.dropout)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let grid = patches(x).flattened(from: 1, through: 2)
    let token = classToken.value.expanded(to: [x.shape[0], 1, grid.shape[2]])
    let tokens = concatenate([token, grid], axis: 1)
    guard
      check(
        tokens.shape[1] == position.shape[1], .shape, "VisionTransformer",
        "images of shape \(x.shape) have \(grid.shape[1]) patches, expected \(position.shape[1] - 1)")
    else { return head(grid[0..., 0]) }
    let encoded = blocks.reduce(dropout(tokens + position.value)) { $1($0) }
    return head(norm(encoded)[0..., 0])
  }
}

/// Attention and two dense layers, each behind a normalisation and beside a shortcut.
private struct VisionTransformerBlock: Layer {
  let norm1: LayerNorm
  let attention: MultiHeadAttention
  let norm2: LayerNorm
  let expansion: Linear
  let contraction: Linear
  let dropout: Dropout

  init(_ scope: Scope, _ configuration: VisionTransformer.Configuration) {
    let width = configuration.width
    norm1 = LayerNorm(scope / "ln_1", width, epsilon: 1e-6)
    attention = MultiHeadAttention(scope / "self_attention", width, heads: configuration.heads)
    norm2 = LayerNorm(scope / "ln_2", width, epsilon: 1e-6)
    let mlp = (scope / "mlp").with(weightInitializer: .xavierUniform())
    expansion = Linear(mlp / 0, width, configuration.hidden)
    contraction = Linear(mlp / 3, configuration.hidden, width)
    dropout = Dropout(configuration.dropout)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let h = x + dropout(attention(norm1(x)))
    return h + dropout(contraction(dropout(gelu(expansion(norm2(h))))))
  }
}
