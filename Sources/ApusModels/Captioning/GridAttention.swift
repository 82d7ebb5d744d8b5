import Apus

/// Attention over the places of a picture by a small network (Bahdanau et al., 2015; Xu et al., 2015).
///
/// Parameters: `encoder_att` and `decoder_att` from features and hidden state to `width`, `full_att` from there to
/// one number.
struct GridAttention: Sendable {
  private let encoder: Linear
  private let decoder: Linear
  private let full: Linear

  init(_ scope: Scope, features: Int, hidden: Int, width: Int) {
    encoder = Linear(scope / "encoder_att", features, width)
    decoder = Linear(scope / "decoder_att", hidden, width)
    full = Linear(scope / "full_att", width, 1)
  }

  /// What does not change from word to word: `[batch, place, feature]` to `[batch, place, width]`.
  func keys(_ places: Tensor) -> Tensor { encoder(places) }

  /// The weighted mean of the places, `[batch, feature]`, and the weights, `[batch, place]`.
  func callAsFunction(_ places: Tensor, keys: Tensor, hidden: Tensor) -> (seen: Tensor, weights: Tensor) {
    let scores = full(relu(keys + decoder(hidden).expanded(at: 1))).squeezed(-1)
    let weights = softmax(scores)
    return ((places * weights.expanded(at: -1)).sum(axis: 1), weights)
  }
}
