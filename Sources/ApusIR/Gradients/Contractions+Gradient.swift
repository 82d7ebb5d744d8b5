func matmulGradient(_ transposeA: Bool, _ transposeB: Bool) -> Rule {
  { (node, gradients) throws(TensorError) in
    guard let g = gradients[0] else { return [nil, nil] }
    let (a, b) = (node.inputs[0], node.inputs[1])
    let first =
      transposeA
      ? try Node(.matmul(transposeA: transposeB, transposeB: true), [b, g])
      : try Node(.matmul(transposeA: false, transposeB: !transposeB), [g, b])
    let second =
      transposeB
      ? try Node(.matmul(transposeA: true, transposeB: transposeA), [g, a])
      : try Node(.matmul(transposeA: !transposeA, transposeB: false), [a, g])
    return [first, second]
  }
}

func convolutionGradient(_ attributes: Convolution) -> Rule {
  { (node, gradients) throws(TensorError) in
    guard let g = gradients[0] else { return [nil, nil] }
    let (a, b) = (node.inputs[0], node.inputs[1])
    let spatial = { (shape: Shape) in Array(shape.dropFirst().dropLast()) }
    let kernel = { (shape: Shape) in Array(shape.dropFirst(2)) }
    func convolve(
      _ kind: Convolution.Kind, _ x: Node, _ y: Node, _ extents: [Int]
    ) throws(TensorError) -> Node {
      try Node(.convolution(attributes.with(kind: kind, extents: extents)), [x, y])
    }
    switch attributes.kind {
    case .forward:
      return [
        try convolve(.inputGradient, g, b, spatial(a.shape)),
        try convolve(.weightGradient, a, g, kernel(b.shape)),
      ]
    case .inputGradient:
      return [
        try convolve(.forward, g, b, []),
        try convolve(.weightGradient, g, a, kernel(b.shape)),
      ]
    case .weightGradient:
      return [
        try convolve(.inputGradient, b, g, spatial(a.shape)),
        try convolve(.forward, a, g, []),
      ]
    }
  }
}
