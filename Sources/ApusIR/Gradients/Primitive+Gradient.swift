extension Primitive {
  /// How the gradient flows back: each primitive has a rule, none because it is flat, or none for a
  /// reason. The rules stand by family in the files beside this one.
  public var gradient: GradientRule {
    switch self {
    case .input, .constant, .iota, .randomBits: .zero
    case .unary(let op): op.gradient
    case .binary(let op): op.gradient
    case .compare: .zero
    case .select: .rule(selectGradient)
    case .cast: .rule(castGradient)
    case .broadcast: .rule(broadcastGradient)
    case .reshape: .rule(reshapeGradient)
    case .transpose(let permutation): .rule(transposeGradient(permutation))
    case .slice(let slicing): .rule(sliceGradient(slicing))
    case .pad(let padding): .rule(padGradient(padding))
    case .concatenate(let axis): .rule(concatenateGradient(axis))
    case .reverse(let axes): .rule(reverseGradient(axes))
    case .reduce(let op, let axes): .rule(reduceGradient(op, axes))
    case .argReduce: .zero
    case .cumulative(let op, let axis, let reverse):
      .rule(cumulativeGradient(op, axis: axis, reverse: reverse))
    case .matmul(let transposeA, let transposeB): .rule(matmulGradient(transposeA, transposeB))
    case .convolution(let attributes): .rule(convolutionGradient(attributes))
    case .windowReduce(let op, let window): windowReduceGradient(op, window)
    case .windowArgMax: .zero
    case .gather(let axis, let addressing): .rule(gatherGradient(axis, addressing))
    case .scatter(let axis, let addressing, let combine):
      .rule(scatterGradient(axis, addressing, combine))
    case .argSort: .zero
    case .scan(let scan): .rule(scanGradient(scan))
    case .call(let call): callGradient(call)
    case .host(let operation): operation.gradient
    case .output: .zero  // passed straight to the producer by the walk
    case .stopGradient: .zero
    case .barrier: .rule(barrierGradient)
    }
  }
}

/// The function inside `GradientRule.rule`.
typealias Rule = @Sendable (_ node: Node, _ gradients: [Node?]) throws(TensorError) -> [Node?]
