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
    if window.tiles(x.shape) { return [try spread(g, to: winners, window, x)] }
    let zeros = try Node.zeros(TensorType(x.dtype, flatSpatial(x.shape)), device: x.device)
    let scattered = try Node(
      .scatter(axis: 1, .elements, .add),
      [zeros, winners.reshaped(flatSpatial(g.shape)), g.reshaped(flatSpatial(g.shape))])
    return [try scattered.reshaped(x.shape)]
  }
}

/// Where the windows lie side by side, each element belongs to one and asks whether it has won: no
/// sum and no order, as scattering has.
private func spread(
  _ g: Node, to winners: Node, _ window: Window, _ x: Node
) throws(TensorError) -> Node {
  // [batch, window, place in window, window, place in window, …, channel]
  var narrow = [x.shape[0]]
  var wide = [x.shape[0]]
  for axis in 0..<window.spatialRank {
    narrow += [winners.shape[axis + 1], 1]
    wide += [winners.shape[axis + 1], window.sizes[axis]]
  }
  narrow.append(x.shape[x.shape.rank - 1])
  wide.append(x.shape[x.shape.rank - 1])
  let flat = TensorType(winners.dtype, flatSpatial(x.shape))
  let places = try Node(.iota(axis: 1, flat), device: x.device).reshaped(Shape(wide))
  let wins = try winners.reshaped(Shape(narrow)).broadcast(Shape(wide)).compared(.equal, places)
  let received = try g.reshaped(Shape(narrow)).broadcast(Shape(wide))
  return try wins.select(received, received.filled(0)).reshaped(x.shape)
}

extension Window {
  /// Whether the windows cover the spatial axes of `[batch, spatial…, channel]` without gaps or
  /// overlaps.
  fileprivate func tiles(_ shape: Shape) -> Bool {
    guard strides == sizes, shape.elementCount > 0 else { return false }
    guard dilations.allSatisfy({ $0 == 1 }), (low + high).allSatisfy({ $0 == 0 }) else {
      return false
    }
    return (0..<spatialRank).allSatisfy { shape[$0 + 1] % sizes[$0] == 0 }
  }
}

/// `[batch, spatial…, channel]` with the spatial axes made one.
private func flatSpatial(_ shape: Shape) -> Shape {
  let volume = shape.dropFirst().dropLast().reduce(1, *)
  return [shape[0], volume, shape[shape.rank - 1]]
}
