import ApusIR

/// What a training step would compute next, as a lazy graph on present values: to be looked into when
/// something went wrong, or drawn.
public struct StepGraph {
  public let loss: Tensor
  /// By the path of the parameter, in order of first use.
  public let gradients: [(path: String, gradient: Tensor)]
}

extension Step {
  /// The graph of the next step on this batch, with the random numbers it would draw. Nothing changes.
  ///
  /// - Throws: `TensorError` for a mistake in the model's code.
  public func graph(_ input: Input) throws -> StepGraph {
    let input = input.replacing(all: input.tensors.map(\.asInput))
    let tracer = Tracer()
    let (loss, _) = try tracer.run {
      try withPrecision(precision) { try withTraining { try function(model, input) } }
    }
    let trained = tracer.parameters.filter(trains)
    let found = try tracer.run {
      try gradients(of: loss, for: trained.map { tracer.placeholders[$0]! })
    }
    let key = RandomKey(seed: Scope.seed(seed, "Step"), stream: UInt64(count) << 32)
    try eval(tracer.parameters.map(\.stored) + [key.tensor] + input.tensors)
    for (parameter, placeholder) in tracer.placeholders {
      placeholder.node.fulfill(parameter.stored.buffer())
    }
    tracer.key.fulfill(key.tensor.buffer())
    return StepGraph(loss: loss, gradients: Array(zip(trained.map(\.path), found)))
  }
}
