import ApusIR

/// Encoder and decoder (Vaswani et al., 2017): from sources `[batch, source, width]` and targets
/// `[batch, time, width]` to `[batch, time, width]`. Embeddings, positions and the projection to a
/// vocabulary are the model's.
///
/// Parameters: `encoder.layers.0.*` …, `encoder.norm`, `decoder.layers.0.*` …, `decoder.norm`. As in
/// PyTorch all matrices are Glorot-uniform at first.
public struct Transformer: Sendable {
  public let encoder: TransformerEncoder
  public let decoder: TransformerDecoder

  public init(
    _ scope: Scope, _ configuration: TransformerConfiguration = TransformerConfiguration(),
    encoderLayers: Int = 6, decoderLayers: Int = 6
  ) {
    let glorot = scope.with(weightInitializer: scope.weightInitializer ?? .xavierUniform())
    encoder = TransformerEncoder(
      glorot / "encoder", configuration, layers: encoderLayers, norm: true)
    decoder = TransformerDecoder(
      glorot / "decoder", configuration, layers: decoderLayers, norm: true)
  }

  /// - Parameter masks: of the decoder; the encoder leaves out `memoryPadding` too.
  public func callAsFunction(
    _ source: Tensor, _ target: Tensor, sourceMask: Tensor? = nil,
    masks: TransformerMasks = TransformerMasks()
  ) -> Tensor {
    let memory = encoder(source, mask: sourceMask, keyPadding: masks.memoryPadding)
    return decoder(target, memory, masks)
  }
}
