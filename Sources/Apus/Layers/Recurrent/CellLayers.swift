// One round of a recurrent layer, for loops of one's own.

import ApusIR

/// What the three cells have in common.
private struct CellParameters: Sendable {
  let name: String
  let cell: any RecurrentCell
  let weights: RecurrentWeights
  let scope: Scope
  let width: Int
  let hidden: Int

  init(
    _ scope: Scope, _ name: String, _ cell: any RecurrentCell, _ width: Int, _ hidden: Int, bias: Bool
  ) {
    self.name = name
    self.cell = cell
    self.scope = scope
    self.width = width
    self.hidden = hidden
    weights = RecurrentWeights(scope, gates: cell.gates, width, hidden, bias: bias)
  }

  func next(_ x: Tensor, _ state: [Tensor]?) -> [Tensor] {
    scope.run {
      guard
        check(
          x.rank == 2 && x.shape[1] == width && x.dtype.isFloating, .shape, name,
          "\(x.dtype)\(x.shape) is not [batch, \(width)] of a floating dtype")
      else { return Array(repeating: x, count: cell.states) }
      for tensor in state ?? [] {
        guard
          check(
            tensor.shape == [x.shape[0], hidden], .shape, name,
            "a state of shape \(tensor.shape) does not fit, expected \([x.shape[0], hidden] as Shape)")
        else { return Array(repeating: x, count: cell.states) }
      }
      let values = weights.values(for: x, cell)
      let first = (0..<cell.states).map { index in
        let dtype = index == 0 ? values.dtype : values.dtype.accumulator
        return state?[index].to(dtype) ?? .zeros([x.shape[0], hidden], dtype: dtype)
      }
      return cell.next(values.gates(fromInputs: x), first, values).map { $0.to(values.dtype) }
    }
  }
}

/// One round of an `RNN`: from `[batch, width]` and the state `[batch, hidden]` the next state.
///
/// Parameters: `weight_ih` `[hidden, width]`, `weight_hh` `[hidden, hidden]`, `bias_ih` and `bias_hh`
/// `[hidden]`, all uniform in ±1/√hidden at first.
public struct RNNCell: Sendable {
  private let body: CellParameters

  public init(
    _ scope: Scope, _ width: Int, _ hidden: Int, activation: RNNActivation = .tanh, bias: Bool = true
  ) {
    let cell = ElmanCell(activation: activation)
    body = CellParameters(scope, "RNNCell", cell, width, hidden, bias: bias)
  }

  public func callAsFunction(_ x: Tensor, _ state: Tensor? = nil) -> Tensor {
    body.next(x, state.map { [$0] })[0]
  }
}

/// One round of a `GRU`: from `[batch, width]` and the state `[batch, hidden]` the next state.
///
/// Parameters: `weight_ih` `[3 · hidden, width]`, `weight_hh` `[3 · hidden, hidden]`, `bias_ih` and
/// `bias_hh` `[3 · hidden]`, all uniform in ±1/√hidden at first.
public struct GRUCell: Sendable {
  private let body: CellParameters

  public init(_ scope: Scope, _ width: Int, _ hidden: Int, bias: Bool = true) {
    body = CellParameters(scope, "GRUCell", GatedCell(), width, hidden, bias: bias)
  }

  public func callAsFunction(_ x: Tensor, _ state: Tensor? = nil) -> Tensor {
    body.next(x, state.map { [$0] })[0]
  }
}

/// One round of an `LSTM`: from `[batch, width]` and the state, each `[batch, hidden]`, the next state.
///
/// Parameters: `weight_ih` `[4 · hidden, width]`, `weight_hh` `[4 · hidden, hidden]`, `bias_ih` and
/// `bias_hh` `[4 · hidden]`, all uniform in ±1/√hidden at first.
public struct LSTMCell: Sendable {
  private let body: CellParameters

  public init(_ scope: Scope, _ width: Int, _ hidden: Int, bias: Bool = true) {
    body = CellParameters(scope, "LSTMCell", LongShortTermCell(), width, hidden, bias: bias)
  }

  public func callAsFunction(_ x: Tensor, _ state: LSTMState? = nil) -> LSTMState {
    let next = body.next(x, state?.tensors)
    return LSTMState(hidden: next[0], cell: next[1])
  }
}
