func windowReduceGradient(_ op: Reduction, _ window: Window) -> GradientRule {
  switch op {
  case .sum: .rule(windowSumGradient(window))
  case .maximum: .rule(windowExtremeGradient(window, negated: false))
  case .minimum: .rule(windowExtremeGradient(window, negated: true))
  case .product: .none("the product over sliding windows is not differentiated")
  }
}

/// Each element receives the gradients of the windows that cover it: the sum over windows of the
/// gradient, spread by the strides.
private func windowSumGradient(_ window: Window) -> Rule {
  { (node, gradients) throws(TensorError) in
    guard let g = gradients[0] else { return [nil] }
    let x = node.inputs[0]
    guard g.shape.elementCount > 0 else { return [try Node.zeros(x.type, device: x.device)] }
    let none = g.shape.map { _ in 0 }
    var spread = Padding(low: none, high: none, value: .zero(g.dtype))
    var back = Window(sizes: window.sizes, strides: window.sizes.map { _ in 1 })
    back.dilations = window.dilations
    var crop = Slicing(starts: none, ends: g.shape.extents)
    for axis in 0..<window.spatialRank {
      let stride = window.strides[axis]
      spread.interior[axis + 1] = stride - 1
      let spreadExtent = (g.shape[axis + 1] - 1) * stride + 1
      let low = (window.sizes[axis] - 1) * window.dilations[axis] - window.low[axis]
      let high = x.shape[axis + 1] + window.low[axis] - spreadExtent
      crop.starts[axis + 1] = Swift.max(-low, 0)
      crop.ends[axis + 1] = spreadExtent - Swift.max(-high, 0)
      back.low[axis] = Swift.max(low, 0)
      back.high[axis] = Swift.max(high, 0)
    }
    let padded = try Node(.pad(spread), [g])
    return [try Node(.windowReduce(.sum, back), [Node(.slice(crop), [padded])])]
  }
}

/// The gradient goes to the first extreme element of each window.
private func windowExtremeGradient(_ window: Window, negated: Bool) -> Rule {
  { (node, gradients) throws(TensorError) in
    guard let g = gradients[0] else { return [nil] }
    let x = node.inputs[0]
    let source = negated ? try x.applying(.negate) : x
    let winners = try Node(.windowArgMax(window), [source])
    let zeros = try Node.zeros(TensorType(x.dtype, flatSpatial(x.shape)), device: x.device)
    let scattered = try Node(
      .scatter(axis: 1, .elements, .add),
      [zeros, winners.reshaped(flatSpatial(g.shape)), g.reshaped(flatSpatial(g.shape))])
    return [try scattered.reshaped(x.shape)]
  }
}

/// `[batch, spatial…, channel]` with the spatial axes made one.
private func flatSpatial(_ shape: Shape) -> Shape {
  let volume = shape.dropFirst().dropLast().reduce(1, *)
  return [shape[0], volume, shape[shape.rank - 1]]
}
