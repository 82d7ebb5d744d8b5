import Apus

/// A language model of long short-term memory (Zaremba et al., 2014; tied output: Press and Wolf, 2017), with
/// the names of PyTorch's example `word_language_model`.
///
/// Input: tokens, integers `[batch, time]`. Output: logits of the token after each,
/// `[batch, time, vocabulary]`.
///
/// Parameters: `encoder.weight` `[vocabulary, width]`, uniform in ±0.1 at first, `rnn.weight_ih_l0` … as in
/// `LSTM`, `decoder.weight` `[vocabulary, hidden]`, uniform in ±0.1, which is the encoder's where they are
/// tied (PyTorch lists it a second time), and `decoder.bias`, zeros.
public struct LSTMLanguageModel: Layer {
  public let vocabulary: Int
  public let hidden: Int
  public let layers: Int
  private let encoder: Embedding
  private let rnn: LSTM
  private let decoderWeight: Parameter
  private let decoderBias: Parameter
  private let probability: Double

  /// - Parameters:
  ///   - width: the features of a token.
  ///   - hidden: the features of a state; as many as `width` where nil.
  ///   - dropout: the probability in training, of embeddings, between layers and of the output.
  ///   - isTied: whether the output's weight is the embedding's; then `hidden` must be `width`.
  public init(
    _ scope: Scope, vocabulary: Int, width: Int, hidden: Int? = nil, layers: Int = 2, dropout: Double = 0,
    isTied: Bool = true
  ) {
    let hidden = hidden ?? width
    check(
      !isTied || hidden == width, .argument, "LSTMLanguageModel",
      "an embedding of \(width) features cannot be the output's weight for \(hidden)",
      hint: "make both equal, or isTied false.")
    self.vocabulary = vocabulary
    self.hidden = hidden
    self.layers = layers
    probability = dropout
    let start = Initializer.uniform(-0.1, 0.1)
    encoder = Embedding((scope / "encoder").with(weightInitializer: start), vocabulary, width)
    rnn = LSTM(scope / "rnn", width, hidden, layers: layers, dropout: dropout)
    let decoder = scope / "decoder"
    decoderWeight = isTied ? encoder.weight : decoder.parameter("weight", [vocabulary, hidden], start)
    decoderBias = decoder.parameter("bias", [vocabulary], .zeros)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { run(x).output }

  /// Logits and the state after the last token.
  ///
  /// - Parameter state: `[layers, batch, hidden]` each; zeros where nil.
  public func run(_ x: Tensor, state: LSTMState? = nil) -> RecurrentResult<LSTMState> {
    let result = rnn.run(dropout(encoder(x), probability), state: state)
    return RecurrentResult(output: logits(dropout(result.output, probability)), state: result.state)
  }

  private func logits(_ x: Tensor) -> Tensor {
    matmul(x, decoderWeight.value.transposed()) + decoderBias.value
  }
}

extension LSTMLanguageModel: AutoregressiveModel {
  public var context: Int? { nil }

  public func memory(batch: Int) -> LSTMState {
    let empty = Tensor.zeros([layers, batch, hidden], dtype: encoder.weight.dtype)
    return LSTMState(hidden: empty, cell: empty)
  }

  public func next(_ x: Tensor, _ memory: inout LSTMState) -> Tensor {
    let result = rnn.run(encoder(x), state: memory)
    memory = result.state
    return logits(result.output[0..., -1])
  }
}

/// The state of an LSTM that goes from batch to batch, kept in buffers, so that a step that sets `value`
/// updates it in place. Gradients end at it: truncated back-propagation through time.
///
/// Buffers: `hidden` and `cell` `[layers, batch, hidden]`, zeros at first.
public struct StoredLSTMState: Sendable {
  private let hidden: Parameter
  private let cell: Parameter

  /// - Parameter scope: in the store that a checkpoint holds, so that training goes on from it as it was.
  public init(_ scope: Scope, for model: LSTMLanguageModel, batch: Int) {
    let empty = model.memory(batch: batch)
    hidden = scope.buffer("hidden", empty.hidden.shape, .zeros, dtype: empty.hidden.dtype)
    cell = scope.buffer("cell", empty.cell.shape, .zeros, dtype: empty.cell.dtype)
  }

  public var value: LSTMState {
    get { LSTMState(hidden: hidden.value, cell: cell.value) }
    nonmutating set {
      hidden.value = newValue.hidden.to(hidden.dtype)
      cell.value = newValue.cell.to(cell.dtype)
    }
  }

  /// Begins anew, with zeros.
  public func clear() {
    for parameter in [hidden, cell] { parameter.value = .zeros(parameter.shape, dtype: parameter.dtype) }
  }
}
