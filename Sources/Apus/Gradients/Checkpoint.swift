import ApusIR

/// Runs `body` so that its intermediate values are not kept for the backward pass but computed again
/// there: memory for time.
public func checkpoint(_ body: () throws -> [Tensor]) rethrows -> [Tensor] {
  var outputs: [Tensor] = []
  let graph = try SubGraph(inputs: []) {
    outputs = try body()
    return outputs
  }
  return checked(standIn: outputs) { () throws(TensorError) in
    let call = Call(name: "checkpoint", body: graph.program, rule: .checkpoint)
    return try Tensor.results(
      .call(call), graph.captured, device: outputs.first?.device ?? .current)
  }
}

/// Runs `body` so that its intermediate values are not kept for the backward pass but computed again
/// there: memory for time.
public func checkpoint(_ body: () throws -> Tensor) rethrows -> Tensor {
  try checkpoint { [try body()] }[0]
}

/// An operation with a gradient of one's own.
///
/// - Parameters:
///   - inputs: what `forward` computes from. It may use other tensors too, to which no gradient flows.
///   - backward: from the inputs, the outputs and the gradients of the outputs the gradients of the
///     inputs; nil where an input has none.
public func customGradient(
  _ name: String = "customGradient", of inputs: [Tensor], forward: ([Tensor]) -> [Tensor],
  backward:
    @escaping @Sendable (_ inputs: [Tensor], _ outputs: [Tensor], _ gradients: [Tensor])
    throws(TensorError) -> [Tensor?]
) -> [Tensor] {
  let arguments = inputs.map { Node.placeholder($0.type, device: $0.device) }
  var outputs: [Tensor] = []
  let graph = SubGraph(inputs: arguments) {
    outputs = forward(arguments.map { Tensor($0) })
    return outputs
  }
  let extra = graph.captured.count
  let rule = GradientRule.rule { (node, gradients) throws(TensorError) in
    var results: [Tensor] = []
    for index in node.types.indices {
      results.append(Tensor(node.types.count == 1 ? node : try Node(.output(index), [node])))
    }
    let received = zip(results, gradients).map { result, gradient in
      gradient.map { Tensor($0) } ?? result.zerosLike()
    }
    let arguments = node.inputs.dropFirst(extra).map { Tensor($0) }
    let found = try backward(arguments, results, received)
    guard found.count == arguments.count else {
      throw TensorError(
        .gradient, operation: name,
        "the backward function gave \(found.count) gradients for \(arguments.count) inputs",
        module: node.module)
    }
    return [Node?](repeating: nil, count: extra) + found.map { $0?.node }
  }
  return checked(standIn: outputs) { () throws(TensorError) in
    let call = Call(name: name, body: graph.program, rule: .custom(rule))
    let device = inputs.first?.device ?? .current
    return try Tensor.results(.call(call), graph.captured + inputs.map(\.node), device: device)
  }
}

/// An operation on one tensor with a gradient of one's own.
public func customGradient(
  _ name: String = "customGradient", of input: Tensor, forward: (Tensor) -> Tensor,
  backward: @escaping @Sendable (_ input: Tensor, _ output: Tensor, _ gradient: Tensor) -> Tensor
) -> Tensor {
  customGradient(name, of: [input], forward: { [forward($0[0])] }) {
    (inputs, outputs, gradients) throws(TensorError) in
    [backward(inputs[0], outputs[0], gradients[0])]
  }[0]
}
