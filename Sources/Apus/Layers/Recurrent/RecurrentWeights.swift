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
