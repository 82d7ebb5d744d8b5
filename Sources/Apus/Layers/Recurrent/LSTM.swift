import ApusIR

/// What an LSTM remembers: for a layer `[layers · directions, batch, feature]` each, for a cell
/// `[batch, feature]`.
public struct LSTMState: TensorStructure {
  public var hidden: Tensor
  public var cell: Tensor

  public init(hidden: Tensor, cell: Tensor) {
    self.hidden = hidden
    self.cell = cell
  }

  public var tensors: [Tensor] { [hidden, cell] }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> LSTMState {
    LSTMState(hidden: tensors.removeFirst(), cell: tensors.removeFirst())
  }
}

/// Long short-term memory (Hochreiter and Schmidhuber, 1997): `[batch, time, width]` becomes
/// `[batch, time, directions · hidden]`.
///
/// Parameters, for layer 0 (others: `_l1` …; the second direction: `_l0_reverse`), the gates being
/// input, forget, cell, output: `weight_ih_l0` `[4 · hidden, input]`, `weight_hh_l0`
/// `[4 · hidden, hidden]`, `bias_ih_l0` and `bias_hh_l0` `[4 · hidden]`, and with a projection
/// `weight_hr_l0` `[projection, hidden]`, all uniform in ±1/√hidden at first.
public struct LSTM: Layer {
  private let stack: RecurrentStack

  /// - Parameters:
  ///   - dropout: the probability in training, between layers.
  ///   - projection: the features to which the output is projected (PyTorch's `proj_size`), 0 for none.
  public init(
    _ scope: Scope, _ width: Int, _ hidden: Int, layers: Int = 1, bias: Bool = true,
    dropout: Double = 0, bidirectional: Bool = false, projection: Int = 0
  ) {
    stack = RecurrentStack(
      scope, "LSTM", LongShortTermCell(), width, hidden, layers: layers, bias: bias,
      dropout: dropout, bidirectional: bidirectional, projection: projection)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { run(x).output }

  /// - Parameters:
  ///   - x: `[batch, time, width]`.
  ///   - state: zeros where nil.
  ///   - lengths: integers `[batch]`. Past its length a row's output is zero and its state stays, and
  ///     the reverse direction starts at its last element, as with PyTorch's packed sequences.
  public func run(
    _ x: Tensor, state: LSTMState? = nil, lengths: Tensor? = nil
  ) -> RecurrentResult<LSTMState> {
    let result = stack.run(x, state?.tensors, lengths)
    let state = LSTMState(hidden: result.state.first ?? x, cell: result.state.last ?? x)
    return RecurrentResult(output: result.output, state: state)
  }
}
