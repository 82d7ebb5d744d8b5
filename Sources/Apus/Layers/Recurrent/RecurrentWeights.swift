import ApusIR

/// The parameters of one recurrent layer in one direction, or of one cell; PyTorch's names and order,
/// all uniform in ±1/√hidden at first.
struct RecurrentWeights: Sendable {
  let input: Parameter
  let state: Parameter
  let inputBias: Parameter?
  let stateBias: Parameter?
  let projection: Parameter?

  /// - Parameters:
  ///   - gates: how many times `hidden` features a round computes.
  ///   - projection: the features of the state where the cell's are projected to fewer; else 0.
  ///   - suffix: what PyTorch puts after each name, such as `_l0_reverse`.
  init(
    _ scope: Scope, gates: Int, _ width: Int, _ hidden: Int, bias: Bool, projection: Int = 0,
    suffix: String = ""
  ) {
    check(
      width > 0 && hidden > 0 && projection >= 0 && projection < Swift.max(hidden, 1), .argument,
      "recurrent layer",
      "cannot be made for \(width) input and \(hidden) hidden features, projected to \(projection)",
      hint: "all are positive; a projection is smaller than the hidden features, or 0 for none.")
    let uniform = Initializer.fanInUniform(hidden)
    func make(_ name: String, _ shape: Shape) -> Parameter {
      scope.parameter(name + suffix, shape, uniform)
    }
    input = make("weight_ih", [gates * hidden, width])
    state = make("weight_hh", [gates * hidden, projection > 0 ? projection : hidden])
    inputBias = bias ? make("bias_ih", [gates * hidden]) : nil
    stateBias = bias ? make("bias_hh", [gates * hidden]) : nil
    self.projection = projection > 0 ? make("weight_hr", [projection, hidden]) : nil
  }

  /// The values in the dtype in which products with `x` are computed. They are made once, outside of
  /// the loop over time, and so is the sum of the biases where the cell takes it.
  func values(for x: Tensor, _ cell: any RecurrentCell) -> Values {
    let dtype = Precision.product(of: Tensor.commonDType([x, input.value]))
    var inputBias = inputBias?.value
    var stateBias = stateBias?.value
    if !cell.scalesStateBias, let first = inputBias, let second = stateBias {
      (inputBias, stateBias) = (first + second, nil)
    }
    return Values(
      dtype: dtype, input: input.value.to(dtype).transposed(),
      state: state.value.to(dtype).transposed(), inputBias: inputBias?.to(dtype),
      stateBias: stateBias?.to(dtype), projection: projection?.value.to(dtype).transposed())
  }

  struct Values {
    let dtype: DType
    /// `[input, gates · hidden]`
    let input: Tensor
    /// `[state, gates · hidden]`
    let state: Tensor
    let inputBias: Tensor?
    let stateBias: Tensor?
    /// `[hidden, state]`
    let projection: Tensor?

    /// What the gates get from the inputs: one product for all rounds.
    func gates(fromInputs x: Tensor) -> Tensor {
      let product = matmul(x.to(dtype), input)
      return inputBias.map { product + $0 } ?? product
    }

    /// What the gates get from the state.
    func gates(fromState hidden: Tensor) -> Tensor {
      let product = matmul(hidden, state)
      return stateBias.map { product + $0 } ?? product
    }
  }
}

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
