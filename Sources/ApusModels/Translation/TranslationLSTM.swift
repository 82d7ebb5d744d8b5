import Apus

/// Sequence to sequence with LSTMs (Sutskever et al., 2014) and attention: a bidirectional encoder, and a
/// decoder that looks at all of its outputs by products with its state and is fed what it saw (Luong et al.,
/// 2015, "general" scores and input feeding). One table embeds sources and targets and, transposed, makes
/// the logits.
///
/// Parameters: `embedding.weight` `[vocabulary, width]`, normal with deviation 1/√width at first; `encoder.*`
/// as in `LSTM`; `bridge.*` from the encoder's last states to the decoder's first; `input.*` and
/// `recurrence.weight` `[4 · hidden, …]`, the gates of the decoder (input, forget, cell, output) from the
/// token before, and from what was seen and the state; `keys.weight` and `attended.weight` of the attention.
public struct TranslationLSTM: TranslationModel {
  public struct Configuration: Hashable, Codable, Sendable {
    /// Tokens of both languages together.
    public var vocabulary: Int
    /// Features of a token, and of what the decoder sees.
    public var width: Int
    /// Features of the state of the decoder; each direction of the encoder has half of them.
    public var hidden: Int
    /// The probability in training: of embedded tokens, of the memory and before the logits.
    public var dropout: Double

    public init(vocabulary: Int, width: Int = 256, hidden: Int = 384, dropout: Double = 0.3) {
      self.vocabulary = vocabulary
      self.width = width
      self.hidden = hidden
      self.dropout = dropout
    }
  }

  /// What the decoder remembers of each row.
  public struct State: TensorStructure {
    /// `[batch, hidden]`
    public var hidden: Tensor
    /// `[batch, hidden]`
    public var cell: Tensor
    /// What attention made of the last state, `[batch, width]`.
    public var attended: Tensor
    public var memory: Memory

    public var tensors: [Tensor] { [hidden, cell, attended] + memory.tensors }
    public func replacing(with tensors: inout ArraySlice<Tensor>) -> State {
      State(
        hidden: tensors.removeFirst(), cell: tensors.removeFirst(), attended: tensors.removeFirst(),
        memory: memory.replacing(with: &tensors))
    }
  }

  /// What the encoder made of the sources.
  public struct Memory: TensorStructure {
    /// What scores are made with, `[batch, source, hidden]`.
    public var keys: Tensor
    /// `[batch, source, hidden]`
    public var values: Tensor
    /// `bool` `[batch, source]`
    public var isPadding: Tensor

    public var tensors: [Tensor] { [keys, values, isPadding] }
    public func replacing(with tensors: inout ArraySlice<Tensor>) -> Memory {
      Memory(
        keys: tensors.removeFirst(), values: tensors.removeFirst(), isPadding: tensors.removeFirst())
    }
  }

  public let configuration: Configuration
  private let embedding: Embedding
  private let encoder: LSTM
  private let bridge: Linear
  private let input: Linear
  private let recurrence: Linear
  private let keys: Linear
  private let attended: Linear
  private let scope: Scope

  public init(_ scope: Scope, _ configuration: Configuration) {
    self.scope = scope
    self.configuration = configuration
    let (width, hidden) = (configuration.width, configuration.hidden)
    check(
      width > 0 && hidden > 0 && hidden % 2 == 0, .argument, "TranslationLSTM",
      "the width must be positive and the hidden features even, got \(width) and \(hidden)")
    let normal = Initializer.normal(std: 1 / Double(Swift.max(width, 1)).squareRoot())
    let table = (scope / "embedding").with(weightInitializer: normal)
    embedding = Embedding(table, configuration.vocabulary, width)
    encoder = LSTM(scope / "encoder", width, hidden / 2, bidirectional: true)
    bridge = Linear(scope / "bridge", hidden, 2 * hidden)
    input = Linear(scope / "input", width, 4 * hidden)
    recurrence = Linear(scope / "recurrence", width + hidden, 4 * hidden, bias: false)
    keys = Linear(scope / "keys", hidden, hidden, bias: false)
    attended = Linear(scope / "attended", 2 * hidden, width, bias: false)
  }

  public func callAsFunction(_ source: Tensor, lengths: Tensor, target: Tensor) -> Tensor {
    scope.run {
      guard isSource(source, lengths, "TranslationLSTM") else { return .zeros([1, 1, 1]) }
      let state = start(source, lengths: lengths, capacity: target.shape[1])
      let inputs = input(embed(target)).transposed(0, 1)
      let carry = [state.hidden, state.cell, state.attended]
      let seen = scan(carry: carry, over: [inputs]) { carry, slices in
        let next = round(slices[0], carry, state.memory)
        return (next, [next[2]])
      }
      return logits(dropout(seen.results[0].transposed(0, 1), configuration.dropout))
    }
  }

  public func start(_ source: Tensor, lengths: Tensor, capacity: Int) -> State {
    scope.run {
      let encoded = encoder.run(embed(source), lengths: lengths)
      // [direction, batch, feature] side by side.
      let last = concatenate([encoded.state.cell[0], encoded.state.cell[1]], axis: -1)
      let first = tanh(bridge(last)).chunked(2, axis: -1)
      let values = dropout(encoded.output, configuration.dropout)
      let memory = Memory(
        keys: keys(values), values: values, isPadding: sourcePadding(source, lengths))
      let attended = Tensor.zeros([source.shape[0], configuration.width], dtype: first[0].dtype)
      let cell = first[1].to(first[1].dtype.accumulator)
      return State(hidden: first[0], cell: cell, attended: attended, memory: memory)
    }
  }

  public func next(_ tokens: Tensor, _ state: inout State) -> Tensor {
    scope.run {
      let carry = [state.hidden, state.cell, state.attended]
      let next = round(input(embed(tokens)), carry, state.memory)
      (state.hidden, state.cell, state.attended) = (next[0], next[1], next[2])
      return logits(next[2])
    }
  }

  /// What the encoder made of the source is the same for all of its rows and stays.
  public func reordered(_ state: State, _ rows: Tensor) -> State {
    State(
      hidden: state.hidden.take(rows), cell: state.cell.take(rows),
      attended: state.attended.take(rows), memory: state.memory)
  }

  /// One token: from the gates of the token before, `[batch, 4 · hidden]`, and hidden, cell and attended the
  /// next ones.
  private func round(_ inputs: Tensor, _ carry: [Tensor], _ memory: Memory) -> [Tensor] {
    let sum = inputs + recurrence(concatenate([carry[2].to(carry[0].dtype), carry[0]], axis: -1))
    let gates = sum.to(sum.dtype.accumulator).chunked(4, axis: -1)
    let kept = sigmoid(gates[1]) * carry[1]
    let cell = kept + sigmoid(gates[0]) * tanh(gates[2])
    let hidden = (sigmoid(gates[3]) * tanh(cell)).to(sum.dtype)
    let context = scaledDotProductAttention(
      hidden.expanded(at: 1), memory.keys, memory.values, mask: (.!memory.isPadding).expanded(at: 1),
      scale: 1)
    let both = concatenate([context.squeezed(1).to(hidden.dtype), hidden], axis: -1)
    return zip([hidden, cell, tanh(attended(both))], carry).map { $0.to($1.dtype) }
  }

  private func embed(_ tokens: Tensor) -> Tensor {
    let scale = Double(configuration.width).squareRoot()
    return dropout(embedding(tokens) * Tensor(scale), configuration.dropout)
  }

  private func logits(_ x: Tensor) -> Tensor { matmul(x, embedding.weight.value.transposed()) }
}
