// The arithmetic of one round, for layers and cells alike.

import ApusIR

/// One round of a kind of recurrent cell.
protocol RecurrentCell: Sendable {
  /// How many times the hidden features a round computes.
  var gates: Int { get }
  /// How many tensors its state has; the first is its output.
  var states: Int { get }
  /// Whether the bias of the state's product cannot be added to that of the inputs' product.
  var scalesStateBias: Bool { get }
  /// The next state from what `gates(fromInputs:)` gave and the state, all `[batch, …]`.
  func next(_ fromInputs: Tensor, _ state: [Tensor], _ weights: RecurrentWeights.Values) -> [Tensor]
}

extension RecurrentCell {
  var scalesStateBias: Bool { false }
}

/// `tanh(W x + b + U h + c)`, or relu (Elman, 1990).
struct ElmanCell: RecurrentCell {
  let activation: RNNActivation
  var gates: Int { 1 }
  var states: Int { 1 }

  func next(_ fromInputs: Tensor, _ state: [Tensor], _ weights: RecurrentWeights.Values) -> [Tensor] {
    let sum = fromInputs + weights.gates(fromState: state[0])
    return [activation == .tanh ? tanh(sum) : relu(sum)]
  }
}

/// Gates in PyTorch's order: reset, update, new (Cho et al., 2014).
struct GatedCell: RecurrentCell {
  var gates: Int { 3 }
  var states: Int { 1 }
  var scalesStateBias: Bool { true }

  func next(_ fromInputs: Tensor, _ state: [Tensor], _ weights: RecurrentWeights.Values) -> [Tensor] {
    let dtype = weights.dtype
    let x = fromInputs.to(dtype.accumulator).chunked(3, axis: -1)
    let h = weights.gates(fromState: state[0]).to(dtype.accumulator).chunked(3, axis: -1)
    let reset = sigmoid(x[0] + h[0])
    let update = sigmoid(x[1] + h[1])
    let new = tanh(x[2] + reset * h[2])
    let old = state[0].to(dtype.accumulator)
    return [(new + update * (old - new)).to(dtype)]
  }
}

/// Gates in PyTorch's order: input, forget, cell, output (Hochreiter and Schmidhuber, 1997; the
/// projection: Sak et al., 2014). The cell's state is f32 where the rest has 16 bits.
struct LongShortTermCell: RecurrentCell {
  var gates: Int { 4 }
  var states: Int { 2 }

  func next(_ fromInputs: Tensor, _ state: [Tensor], _ weights: RecurrentWeights.Values) -> [Tensor] {
    let dtype = weights.dtype
    let sum = fromInputs + weights.gates(fromState: state[0])
    let gates = sum.to(dtype.accumulator).chunked(4, axis: -1)
    let kept = sigmoid(gates[1]) * state[1]
    let cell = kept + sigmoid(gates[0]) * tanh(gates[2])
    let hidden = (sigmoid(gates[3]) * tanh(cell)).to(dtype)
    return [weights.projection.map { matmul(hidden, $0) } ?? hidden, cell]
  }
}
