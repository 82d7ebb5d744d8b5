import ApusIR

/// What an `RNN` applies to the sum of its products.
public enum RNNActivation: String, CaseIterable, Sendable {
  case tanh, relu
}

/// Recurrent layers `h' = tanh(W x + b + U h + c)`, or with relu (Elman, 1990): `[batch, time, width]`
/// becomes `[batch, time, directions · hidden]`.
///
/// Parameters, for layer 0 (others: `_l1` …; the second direction: `_l0_reverse`): `weight_ih_l0`
/// `[hidden, input]`, `weight_hh_l0` `[hidden, hidden]`, `bias_ih_l0` and `bias_hh_l0` `[hidden]`, all
/// uniform in ±1/√hidden at first.
public struct RNN: Layer {
  private let stack: RecurrentStack

  /// - Parameter dropout: the probability in training, between layers.
  public init(
    _ scope: Scope, _ width: Int, _ hidden: Int, layers: Int = 1, activation: RNNActivation = .tanh,
    bias: Bool = true, dropout: Double = 0, bidirectional: Bool = false
  ) {
    stack = RecurrentStack(
      scope, "RNN", ElmanCell(activation: activation), width, hidden, layers: layers, bias: bias,
      dropout: dropout, bidirectional: bidirectional)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { run(x).output }

  /// - Parameters:
  ///   - x: `[batch, time, width]`.
  ///   - state: `[layers · directions, batch, hidden]`, zeros where nil.
  ///   - lengths: integers `[batch]`. Past its length a row's output is zero and its state stays, and
  ///     the reverse direction starts at its last element, as with PyTorch's packed sequences.
  public func run(
    _ x: Tensor, state: Tensor? = nil, lengths: Tensor? = nil
  ) -> RecurrentResult<Tensor> {
    let result = stack.run(x, state.map { [$0] }, lengths)
    return RecurrentResult(output: result.output, state: result.state.first ?? x)
  }
}
