import Apus

/// Sentences about pictures: a residual network as encoder, attention over its grid, an LSTM as decoder (Show,
/// Attend and Tell, Xu et al., 2015; the soft attention with the gate of its section 4.2.1).
///
/// Parameters: `encoder`, named as in ``ResNet``; `attention.encoder_att`, `attention.decoder_att`,
/// `attention.full_att`; `embedding`; `decode_step`; `init_h`, `init_c`; `f_beta`; `fc`.
public struct Captioner: Sendable {
  public struct Configuration: Hashable, Sendable {
    /// Its classes do not matter.
    public var encoder: ResNet.Configuration
    /// Words, the special ones counted.
    public var vocabulary: Int
    public var embedding: Int
    public var hidden: Int
    public var attention: Int
    /// Of the hidden state, before the words' logits.
    public var dropout: Double

    public init(
      encoder: ResNet.Configuration, vocabulary: Int, embedding: Int = 512, hidden: Int = 512,
      attention: Int = 512, dropout: Double = 0.5
    ) {
      self.encoder = encoder
      self.vocabulary = vocabulary
      self.embedding = embedding
      self.hidden = hidden
      self.attention = attention
      self.dropout = dropout
    }
  }

  private let scope: Scope
  private let encoder: ResNetBackbone
  private let attention: GridAttention
  private let embedding: Embedding
  private let cell: LSTMCell
  private let firstHidden: Linear
  private let firstCell: Linear
  private let gate: Linear
  private let fc: Linear
  private let dropout: Dropout

  public init(_ scope: Scope, _ configuration: Configuration) {
    self.scope = scope
    encoder = ResNetBackbone(scope / "encoder", configuration.encoder)
    let (features, hidden) = (encoder.features, configuration.hidden)
    attention = GridAttention(
      scope / "attention", features: features, hidden: hidden, width: configuration.attention)
    embedding = Embedding(scope / "embedding", configuration.vocabulary, configuration.embedding)
    cell = LSTMCell(scope / "decode_step", configuration.embedding + features, hidden)
    firstHidden = Linear(scope / "init_h", features, hidden)
    firstCell = Linear(scope / "init_c", features, hidden)
    gate = Linear(scope / "f_beta", hidden, features)
    fc = Linear(scope / "fc", hidden, configuration.vocabulary)
    dropout = Dropout(configuration.dropout)
  }

  /// What the decoder knows before the first word, of pictures `[batch, height, width, channel]`.
  public func start(_ images: Tensor) -> CaptionState {
    let places = encoder(images).flattened(from: 1, through: 2)
    let mean = places.mean(axis: 1)
    let state = LSTMState(hidden: firstHidden(mean), cell: firstCell(mean))
    return CaptionState(places: places, keys: attention.keys(places), memory: state)
  }

  /// The logits of each next word, `[batch, time, word]`, where the words before are known, and where the model
  /// looked for it, `[batch, time, place]`.
  ///
  /// - Parameters:
  ///   - images: `[batch, height, width, channel]`.
  ///   - words: integers `[batch, time]`, the first one being the start.
  public func callAsFunction(_ images: Tensor, words: Tensor) -> (logits: Tensor, attention: Tensor) {
    let start = start(images)
    guard
      check(
        words.rank == 2 && words.shape[0] == images.shape[0], .shape, "Captioner",
        "words of shape \(words.shape) do not fit images \(images.shape)", hint: "give integers [batch, time].")
    else { return (start.places, start.places) }
    let inputs = embedding(words).transposed(0, 1)
    let rounds = scan(carry: start.memory.tensors, over: [inputs]) { carry, slices in
      var state = start
      state.memory = LSTMState(hidden: carry[0], cell: carry[1])
      let weights = advance(&state, slices[0])
      return (state.memory.tensors, [state.memory.hidden, weights])
    }
    let hidden = rounds.results[0].transposed(0, 1)
    return (fc(dropout(hidden)), rounds.results[1].transposed(0, 1))
  }

  /// One word more: from the last ones, integers `[batch]`, the log-probabilities of the next, `[batch, word]`.
  public func step(_ words: Tensor, _ state: CaptionState) -> (logProbabilities: Tensor, state: CaptionState) {
    var next = state
    _ = advance(&next, embedding(words))
    return (logSoftmax(fc(dropout(next.memory.hidden))), next)
  }

  /// The mean cross-entropy of the words after the first, and `penalty` times how far the attention to each place,
  /// summed over the words, is from 1 (the paper's doubly stochastic attention).
  ///
  /// - Parameters:
  ///   - words: integers `[batch, time]`, start and end included.
  ///   - padding: fills up short sentences, and does not count.
  public func loss(_ images: Tensor, words: Tensor, padding: Int, penalty: Double = 1) -> Tensor {
    let (before, after) = (words[.all, ..<(-1)], words[.all, 1...])
    let (logits, attention) = self(images, words: before)
    let entropy = crossEntropy(logits: logits, labels: after, ignoreIndex: padding)
    let counts = (after .!= Tensor(padding)).to(attention.dtype).expanded(at: -1)
    let missing = 1 - (attention * counts).sum(axis: 1)
    return entropy + Tensor(penalty) * (missing * missing).mean()
  }

  /// The best sentences about each picture, the best first, without the start.
  ///
  /// - Throws: `TensorError` where the model gives a NaN.
  public func captions(_ images: Tensor, start word: Int, search: BeamSearch) throws -> [[Hypothesis]] {
    let state = start(images)
    try eval(state.tensors)
    // All sequences of a picture see the same places, so only the memory changes rows.
    return try search(
      starts: Array(repeating: word, count: images.shape[0]), state: state.repeated(search.width, axis: 0),
      reorder: { state, order in
        var next = state
        next.memory = LSTMState(hidden: state.memory.hidden.take(order), cell: state.memory.cell.take(order))
        return next
      }, step: step)
  }

  /// Takes a word in; gives the weights of the places, which its prediction is made from.
  private func advance(_ state: inout CaptionState, _ word: Tensor) -> Tensor {
    scope.run {
      let hidden = state.memory.hidden
      let (seen, weights) = attention(state.places, keys: state.keys, hidden: hidden)
      let input = concatenate([word, sigmoid(gate(hidden)) * seen], axis: -1)
      state.memory = cell(input, state.memory)
      return weights
    }
  }
}

/// What the decoder of a ``Captioner`` remembers of each picture.
public struct CaptionState: TensorStructure {
  /// The picture's grid of features, `[batch, place, feature]`.
  public var places: Tensor
  /// What attention makes of it, `[batch, place, width]`.
  public var keys: Tensor
  public var memory: LSTMState

  public init(places: Tensor, keys: Tensor, memory: LSTMState) {
    self.places = places
    self.keys = keys
    self.memory = memory
  }

  public var tensors: [Tensor] { [places, keys] + memory.tensors }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> CaptionState {
    CaptionState(
      places: tensors.removeFirst(), keys: tensors.removeFirst(), memory: memory.replacing(with: &tensors))
  }
}
