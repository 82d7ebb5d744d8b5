func reduceGradient(_ op: Reduction, _ axes: [Int]) -> Rule {
  { (node, gradients) throws(TensorError) in
    guard let g = gradients[0] else { return [nil] }
    let x = node.inputs[0]
    let kept = x.shape.keeping(axes: axes)
    let spread = try g.reshaped(kept).broadcast(x.shape)
    switch op {
    case .sum:
      return [spread]
    case .maximum, .minimum:
      // Shared evenly among equal winners, as PyTorch's amax.
      let winners = try x.compared(.equal, node.reshaped(kept).broadcast(x.shape))
      let mask = try winners.cast(x.dtype)
      let count = try mask.reduced(.sum, axes: axes).reshaped(kept).broadcast(x.shape)
      return [try winners.select(spread / count, spread.filled(0))]
    case .product:
      return [try spread * productOfOthers(x, axes: axes)]
    }
  }
}

/// For each element the product of the others along `axes`; exact where elements are zero.
private func productOfOthers(_ x: Node, axes: [Int]) throws(TensorError) -> Node {
  let outer = x.shape.indices.filter { !axes.contains($0) }
  let permutation = outer + axes
  let moved = try x.transposed(permutation)
  let length = axes.reduce(1) { $0 * x.shape[$1] }
  let rows = try moved.reshaped(Shape(outer.map { x.shape[$0] } + [length]))
  let before = try exclusiveProduct(rows, axis: outer.count, reverse: false)
  let after = try exclusiveProduct(rows, axis: outer.count, reverse: true)
  let product = try (before * after).reshaped(moved.shape)
  return try product.transposed(permutation.inversePermutation)
}

/// Along `axis` the product of the elements before (in reverse: after) each one.
private func exclusiveProduct(_ x: Node, axis: Int, reverse: Bool) throws(TensorError) -> Node {
  let count = x.shape[axis]
  guard count > 0 else { return x }
  let inclusive = try Node(.cumulative(.product, axis: axis, reverse: reverse), [x])
  let kept = reverse ? 1..<count : 0..<(count - 1)
  let shifted = try inclusive.sliced(axis, kept)
  return try shifted.padded(
    axis, low: reverse ? 0 : 1, high: reverse ? 1 : 0, value: .one(x.dtype))
}

func cumulativeGradient(_ op: Reduction, axis: Int, reverse: Bool) -> Rule {
  { (node, gradients) throws(TensorError) in
    guard let g = gradients[0] else { return [nil] }
    let x = node.inputs[0]
    guard x.shape.elementCount > 0 else { return [try Node.zeros(x.type, device: x.device)] }
    switch op {
    case .sum:
      return [try Node(.cumulative(.sum, axis: axis, reverse: !reverse), [g])]
    case .product:
      return [try cumulativeProductGradient(g, x: x, axis: axis, reverse: reverse)]
    case .maximum, .minimum:
      let winner = try lastWinner(x: x, y: node, axis: axis, reverse: reverse)
      let zeros = try Node.zeros(x.type, device: x.device)
      return [try Node(.scatter(axis: axis, .elements, .add), [zeros, winner, g])]
    }
  }
}

/// For each position the index of the element that is the running extreme; of equal ones the
/// latest, as in PyTorch.
private func lastWinner(x: Node, y: Node, axis: Int, reverse: Bool) throws(TensorError) -> Node {
  let indexType = TensorType(.i64, x.shape)
  let index = try Node(.iota(axis: axis, indexType), device: x.device)
  let other = Scalar.integer(reverse ? Int64(x.shape[axis] - 1) : 0)
  let none = try Node.constant(other, indexType, device: x.device)
  let candidates = try x.compared(.equal, y).select(index, none)
  let extreme: Reduction = reverse ? .minimum : .maximum
  return try Node(.cumulative(extreme, axis: axis, reverse: reverse), [candidates])
}

/// With y[j] = x[0]⋯x[j], the gradient of x[i] is (x[0]⋯x[i-1]) · s[i], where
/// s[i] = g[i] + x[i+1] · s[i+1]: exact where elements are zero.
private func cumulativeProductGradient(
  _ g: Node, x: Node, axis: Int, reverse: Bool
) throws(TensorError) -> Node {
  let before = try exclusiveProduct(x, axis: axis, reverse: reverse)
  let count = x.shape[axis]
  let next = try x.sliced(axis, reverse ? 0..<(count - 1) : 1..<count)
    .padded(axis, low: reverse ? 1 : 0, high: reverse ? 0 : 1, value: .zero(x.dtype))
  let toFront = [axis] + x.shape.indices.filter { $0 != axis }
  let sums = try linearRecurrence(
    g.transposed(toFront), next.transposed(toFront), reverse: !reverse)
  return try before * sums.transposed(toFront.inversePermutation)
}

/// s[i] = a[i] + b[i] · s[previous] along axis 0.
private func linearRecurrence(_ a: Node, _ b: Node, reverse: Bool) throws(TensorError) -> Node {
  let step = TensorType(a.dtype, Shape(Array(a.shape.dropFirst())))
  var body = Program(inputs: [step, step, step])
  let scaled = try body.append(.binary(.multiply), [2, 0])
  let sum = try body.append(.binary(.add), [1, scaled])
  body.outputs = [sum, sum]
  let scan = Scan(body: body, length: a.shape[0], constants: 0, carries: 1, reverse: reverse)
  let start = try Node.zeros(step, device: a.device)
  return try Node(.output(1), [Node(.scan(scan), [start, a, b])])
}
