func gatherGradient(_ axis: Int, _ addressing: Addressing) -> Rule {
  { (node, gradients) throws(TensorError) in
    guard let g = gradients[0] else { return [nil, nil] }
    let (values, indices) = (node.inputs[0], node.inputs[1])
    let zeros = try Node.zeros(values.type, device: g.device)
    return [try Node(.scatter(axis: axis, addressing, .add), [zeros, indices, g]), nil]
  }
}

func scatterGradient(_ axis: Int, _ addressing: Addressing, _ combine: Combine) -> Rule {
  { (node, gradients) throws(TensorError) in
    guard let g = gradients[0] else { return [nil, nil, nil] }
    let (indices, updates) = (node.inputs[1], node.inputs[2])
    let read = try Node(.gather(axis: axis, addressing), [g, indices])
    guard combine == .replace else { return [g, nil, read] }
    let zeros = try Node.zeros(updates.type, device: g.device)
    let target = try Node(.scatter(axis: axis, addressing, .replace), [g, indices, zeros])
    let stays = try survivors(node, axis: axis, addressing)
    return [target, nil, try stays.select(read, zeros)]
  }
}

/// Which updates were not replaced by a later one for the same place.
private func survivors(_ node: Node, axis: Int, _ addressing: Addressing) throws(TensorError) -> Node {
  let (indices, updates) = (node.inputs[1], node.inputs[2])
  let count = updates.shape.elementCount
  let flat = try Node(.iota(axis: 0, TensorType(.i64, [count])), device: node.device)
  let order = try flat.reshaped(updates.shape)
  let nobody = try Node.constant(.integer(-1), TensorType(.i64, node.shape), device: node.device)
  let owner = try Node(.scatter(axis: axis, addressing, .replace), [nobody, indices, order])
  return try Node(.gather(axis: axis, addressing), [owner, indices]).compared(.equal, order)
}
