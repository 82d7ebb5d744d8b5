import Apus

/// A model that makes a sequence of tokens from another one, one token after the other.
public protocol TranslationModel: Sendable {
  /// What decoding remembers of each row between tokens.
  associatedtype State: TensorStructure

  /// Logits of every next token given the right ones before it (teacher forcing),
  /// `[batch, time, vocabulary]`.
  ///
  /// - Parameters:
  ///   - source: integers `[batch, source]`; what lies behind a row's length is padding.
  ///   - lengths: integers `[batch]`, each at least 1.
  ///   - target: integers `[batch, time]`, the first of each row being the start token.
  func callAsFunction(_ source: Tensor, lengths: Tensor, target: Tensor) -> Tensor

  /// The state before the first token.
  ///
  /// - Parameter capacity: the greatest number of tokens to come.
  func start(_ source: Tensor, lengths: Tensor, capacity: Int) -> State

  /// Logits of the next token, `[batch, vocabulary]`, after `tokens`, integers `[batch]`.
  func next(_ tokens: Tensor, _ state: inout State) -> Tensor

  /// The state with row `rows[i]` in place of row i, where both belong to the same source.
  func reordered(_ state: State, _ rows: Tensor) -> State
}

/// Finds translations by beam search, with programs that are compiled once for each set of shapes.
public final class TranslationDecoder<Model: TranslationModel>: Sendable {
  /// Tokens and what is remembered, or log-probabilities and what is remembered from then on.
  private struct Round: TensorStructure {
    var values: Tensor
    var state: Model.State

    var tensors: [Tensor] { [values] + state.tensors }
    var layout: String { state.layout }
    func replacing(with tensors: inout ArraySlice<Tensor>) -> Round {
      Round(values: tensors.removeFirst(), state: state.replacing(with: &tensors))
    }
  }

  private let model: Model
  private let start: Compiled<[Tensor], Model.State>
  private let step: Compiled<Round, Round>
  private let search: BeamSearch

  public init(_ model: Model, _ search: BeamSearch) {
    self.model = model
    self.search = search
    start = compiled(freezing: .parameters) { inputs in
      let state = model.start(inputs[0], lengths: inputs[1], capacity: search.maximumLength)
      return state.repeated(search.width, axis: 0)
    }
    step = compiled(freezing: .parameters) { round in
      var state = round.state
      let logits = model.next(round.values, &state)
      return Round(values: logSoftmax(logits), state: state)
    }
  }

  /// The best translations of each row, the best first.
  ///
  /// - Parameters:
  ///   - source: integers `[batch, source]`.
  ///   - lengths: integers `[batch]`, each at least 1.
  ///   - startToken: what every target begins with.
  /// - Throws: `TensorError` where shapes do not fit or the model gives a NaN.
  public func callAsFunction(
    _ source: Tensor, lengths: Tensor, startToken: Int
  ) throws -> [[Hypothesis]] {
    let state = try start([source, lengths])
    let starts = Array(repeating: startToken, count: source.shape[0])
    return try search(
      starts: starts, state: state, reorder: { self.model.reordered($0, $1) }
    ) { tokens, state in
      let round = try self.step(Round(values: tokens, state: state))
      return (round.values, round.state)
    }
  }
}

/// Whether `source` and `lengths` are integers of one batch.
func isSource(_ source: Tensor, _ lengths: Tensor, _ name: String) -> Bool {
  check(
    source.rank == 2 && source.dtype.isInteger && lengths.dtype.isInteger
      && lengths.shape == [source.shape[0]], .shape, name,
    "source \(source.dtype)\(source.shape) and lengths \(lengths.dtype)\(lengths.shape) are not integers "
      + "[batch, source] and [batch]")
}

/// Where a row of the sources is padding, `bool` `[batch, source]`.
func sourcePadding(_ source: Tensor, _ lengths: Tensor) -> Tensor {
  Tensor.arange(source.shape[1]).expanded(at: 0) .>= lengths.expanded(at: 1)
}
