import ApusIR

/// Self-attention and two dense layers, each with a residual sum and a normalisation (Vaswani et al.,
/// 2017): `[batch, time, width]` stays `[batch, time, width]`.
///
/// Parameters: `self_attn.*` as in `MultiHeadAttention`, `linear1` and `linear2` as in `Linear`,
/// `norm1` and `norm2` as in `LayerNorm`.
public struct TransformerEncoderLayer: Layer {
  private let configuration: TransformerConfiguration
  private let attention: MultiHeadAttention
  private let dense: TransformerDense
  private let norm1: LayerNorm
  private let norm2: LayerNorm
  private let scope: Scope

  public init(_ scope: Scope, _ configuration: TransformerConfiguration) {
    self.configuration = configuration
    self.scope = scope
    attention = configuration.attention(scope / "self_attn")
    dense = TransformerDense(scope, configuration)
    norm1 = configuration.norm(scope / "norm1")
    norm2 = configuration.norm(scope / "norm2")
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, mask: nil) }

  /// - Parameters:
  ///   - mask: true where a time may look, or floating, added to the scores; broadcast to
  ///     `[batch, head, time, time]`.
  ///   - keyPadding: `bool` `[batch, time]`, true where a time is padding.
  public func callAsFunction(
    _ x: Tensor, mask: Tensor?, keyPadding: Tensor? = nil, isCausal: Bool = false
  ) -> Tensor {
    scope.run {
      let mixed = configuration.residual(x, norm1) {
        attention($0, mask: mask, keyPadding: keyPadding, isCausal: isCausal)
      }
      return configuration.residual(mixed, norm2) { dense($0) }
    }
  }
}

/// Encoder layers one after the other: `[batch, time, width]` stays `[batch, time, width]`.
///
/// Parameters: `layers.0.*` …, and `norm` where there is a normalisation at the end.
public struct TransformerEncoder: Layer {
  public let layers: [TransformerEncoderLayer]
  private let norm: LayerNorm?

  /// - Parameter norm: whether there is a normalisation at the end; PyTorch's `Transformer` has one.
  public init(
    _ scope: Scope, _ configuration: TransformerConfiguration, layers: Int, norm: Bool = false
  ) {
    check(layers >= 0, .argument, "TransformerEncoder", "cannot have \(layers) layers")
    self.layers = (0..<Swift.max(layers, 0)).map {
      TransformerEncoderLayer(scope / "layers" / $0, configuration)
    }
    self.norm = norm ? configuration.norm(scope / "norm") : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, mask: nil) }

  /// As `TransformerEncoderLayer` takes it.
  public func callAsFunction(
    _ x: Tensor, mask: Tensor?, keyPadding: Tensor? = nil, isCausal: Bool = false
  ) -> Tensor {
    let result = layers.reduce(x) {
      $1($0, mask: mask, keyPadding: keyPadding, isCausal: isCausal)
    }
    return norm.map { $0(result) } ?? result
  }
}
