import ApusIR

/// What a recurrent layer gives: `output` of the last layer at each time, `[batch, time, directions ·
/// state]`, and the last `state` of all layers and directions.
public struct RecurrentResult<State: TensorStructure>: TensorStructure {
  public var output: Tensor
  public var state: State

  public init(output: Tensor, state: State) {
    self.output = output
    self.state = state
  }

  public var tensors: [Tensor] { [output] + state.tensors }
  public var layout: String { state.layout }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> RecurrentResult {
    RecurrentResult(output: tensors.removeFirst(), state: state.replacing(with: &tensors))
  }
}

/// Layers of one kind of cell, each in one direction or two: what RNN, GRU and LSTM have in common.
struct RecurrentStack: Sendable {
  let name: String
  let cell: any RecurrentCell
  /// `[layer][direction]`
  let weights: [[RecurrentWeights]]
  let width: Int
  let dropout: Double
  let scope: Scope
  /// Features of each tensor of the state.
  let stateWidths: [Int]

  init(
    _ scope: Scope, _ name: String, _ cell: any RecurrentCell, _ width: Int, _ hidden: Int,
    layers: Int, bias: Bool, dropout: Double, bidirectional: Bool, projection: Int = 0
  ) {
    check(layers > 0, .argument, name, "needs at least one layer, got \(layers)")
    check(
      (0...1).contains(dropout), .argument, name,
      "the probability of dropout must be from 0 to 1, got \(dropout)")
    self.name = name
    self.cell = cell
    self.width = width
    self.dropout = dropout
    self.scope = scope
    let output = projection > 0 ? projection : hidden
    stateWidths = [output, hidden]
    let directions = bidirectional ? ["", "_reverse"] : [""]
    weights = (0..<Swift.max(layers, 1)).map { layer in
      let input = layer == 0 ? width : output * directions.count
      return directions.map { direction in
        RecurrentWeights(
          scope, gates: cell.gates, input, hidden, bias: bias, projection: projection,
          suffix: "_l\(layer)\(direction)")
      }
    }
  }

  /// - Parameters:
  ///   - x: `[batch, time, width]`.
  ///   - state: tensors `[layers · directions, batch, feature]`; zeros where nil.
  ///   - lengths: integers `[batch]`: how many of its times a row has.
  func run(
    _ x: Tensor, _ state: [Tensor]?, _ lengths: Tensor?
  ) -> (output: Tensor, state: [Tensor]) {
    scope.run {
      guard isValid(x, state, lengths) else { return (x, state ?? []) }
      // Time first: a round sees one slice along axis 0.
      var sequence = x.transposed(0, 1)
      let isInside = lengths.map { lengths in
        let times = Tensor.arange(x.shape[1]).expanded(at: 1)
        return (times .< lengths.expanded(at: 0)).expanded(at: -1)
      }
      var last: [[Tensor]] = []
      for (index, layer) in weights.enumerated() {
        if index > 0 { sequence = Apus.dropout(sequence, dropout) }
        var outputs: [Tensor] = []
        for (direction, weights) in layer.enumerated() {
          let place = index * layer.count + direction
          let pass = run(
            sequence, state?.map { $0[place] }, isInside, weights, reverse: direction == 1)
          outputs.append(pass.output)
          last.append(pass.state)
        }
        sequence = concatenate(outputs, axis: -1)
      }
      let states = (0..<cell.states).map { index in stack(last.map { $0[index] }) }
      return (sequence.transposed(0, 1), states)
    }
  }

  /// One direction of one layer, `[time, batch, …]`. Past its length a row keeps its state, so the
  /// reverse direction begins at its last element.
  private func run(
    _ x: Tensor, _ state: [Tensor]?, _ isInside: Tensor?, _ weights: RecurrentWeights, reverse: Bool
  ) -> (output: Tensor, state: [Tensor]) {
    let values = weights.values(for: x, cell)
    let first = (0..<cell.states).map { index in
      // The first is the output, in the dtype of the products; others are kept wide.
      let dtype = index == 0 ? values.dtype : values.dtype.accumulator
      return state?[index].to(dtype) ?? .zeros([x.shape[1], stateWidths[index]], dtype: dtype)
    }
    let sequences = [values.gates(fromInputs: x)] + (isInside.map { [$0] } ?? [])
    let (last, results) = scan(carry: first, over: sequences, reverse: reverse) { carry, slices in
      var next = cell.next(slices[0], carry, values)
      if slices.count > 1 { next = zip(next, carry).map { Tensor.where(slices[1], $0, $1) } }
      return (next, [next[0]])
    }
    let output = isInside.map { Tensor.where($0, results[0], 0) } ?? results[0]
    return (output, last.map { $0.to(values.dtype) })
  }

  private func isValid(_ x: Tensor, _ state: [Tensor]?, _ lengths: Tensor?) -> Bool {
    guard
      check(
        x.rank == 3 && x.shape[2] == width && x.dtype.isFloating, .shape, name,
        "\(x.dtype)\(x.shape) is not [batch, time, \(width)] of a floating dtype")
    else { return false }
    for (tensor, features) in zip(state ?? [], stateWidths) {
      let shape: Shape = [weights.count * weights[0].count, x.shape[0], features]
      guard
        check(
          tensor.shape == shape, .shape, name,
          "a state of shape \(tensor.shape) does not fit, expected \(shape)",
          hint: "the axes are [layers · directions, batch, feature].")
      else { return false }
    }
    guard let lengths else { return true }
    return check(
      lengths.shape == [x.shape[0]] && lengths.dtype.isInteger, .shape, name,
      "lengths must be integers [\(x.shape[0])], one for each row, got \(lengths.dtype)\(lengths.shape)")
  }
}
