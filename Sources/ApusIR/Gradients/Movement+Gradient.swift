let broadcastGradient: Rule = { (node, gradients) throws(TensorError) in
  guard let g = gradients[0] else { return [nil] }
  let source = node.inputs[0].shape
  let added = g.shape.rank - source.rank
  let axes = (0..<g.shape.rank).filter { axis in
    axis < added || (source[axis - added] == 1 && g.shape[axis] != 1)
  }
  return [try g.reduced(.sum, axes: axes).reshaped(source)]
}

let reshapeGradient: Rule = { (node, gradients) throws(TensorError) in
  [try gradients[0]?.reshaped(node.inputs[0].shape)]
}

func transposeGradient(_ permutation: [Int]) -> Rule {
  { (node, gradients) throws(TensorError) in
    [try gradients[0]?.transposed(permutation.inversePermutation)]
  }
}

func sliceGradient(_ slicing: Slicing) -> Rule {
  { (node, gradients) throws(TensorError) in
    guard let g = gradients[0] else { return [nil] }
    let source = node.inputs[0]
    guard g.shape.elementCount > 0 else { return [try Node.zeros(source.type, device: g.device)] }
    var padding = Padding(low: slicing.starts, high: slicing.starts, value: .zero(g.dtype))
    for axis in g.shape.indices {
      padding.interior[axis] = slicing.strides[axis] - 1
      let end = slicing.starts[axis] + (g.shape[axis] - 1) * slicing.strides[axis] + 1
      padding.high[axis] = source.shape[axis] - end
    }
    return [try Node(.pad(padding), [g])]
  }
}

func padGradient(_ padding: Padding) -> Rule {
  { (node, gradients) throws(TensorError) in
    guard let g = gradients[0] else { return [nil] }
    let source = node.inputs[0].shape
    var slicing = Slicing(starts: padding.low, ends: padding.low)
    for axis in source.indices {
      let stride = padding.interior[axis] + 1
      slicing.strides[axis] = stride
      slicing.ends[axis] += source[axis] == 0 ? 0 : (source[axis] - 1) * stride + 1
    }
    return [try Node(.slice(slicing), [g])]
  }
}

func concatenateGradient(_ axis: Int) -> Rule {
  { (node, gradients) throws(TensorError) in
    guard let g = gradients[0] else { return node.inputs.map { _ in nil } }
    var start = 0
    var parts: [Node?] = []
    for input in node.inputs {
      let end = start + input.shape[axis]
      parts.append(try g.sliced(axis, start..<end))
      start = end
    }
    return parts
  }
}

func reverseGradient(_ axes: [Int]) -> Rule {
  { (node, gradients) throws(TensorError) in
    guard let g = gradients[0] else { return [nil] }
    return [try Node(.reverse(axes: axes), [g])]
  }
}
