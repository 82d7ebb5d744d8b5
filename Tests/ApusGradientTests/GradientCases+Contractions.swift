import ApusIR

extension GradientCases {
  static let contractions: [GradientCase] = matmul + convolution

  private static let matmul: [GradientCase] = {
    var cases: [GradientCase] = []
    let sizes: [(batch: [Int], m: Int, k: Int, n: Int)] = [
      ([], 2, 3, 4), ([], 1, 1, 1), ([], 1, 5, 3), ([2, 2], 3, 2, 1), ([], 2, 0, 3), ([0], 2, 2, 2),
    ]
    for (batch, m, k, n) in sizes {
      for transposeA in [false, true] {
        for transposeB in [false, true] {
          let a = Shape(batch + (transposeA ? [k, m] : [m, k]))
          let b = Shape(batch + (transposeB ? [n, k] : [k, n]))
          let primitive = Primitive.matmul(transposeA: transposeA, transposeB: transposeB)
          cases.append(GradientCase(primitive, [Operand(a), Operand(b)]))
        }
      }
    }
    return cases
  }()

  /// Each geometry as all three kinds.
  private static let convolution: [GradientCase] = [
    three([5], [3], inner: 2, outer: 3),
    three([7], [3], inner: 1, outer: 1, strides: [2], low: [1], high: [0]),
    three([4, 5], [3, 2], inner: 2, outer: 3, low: [1, 0], high: [0, 1]),
    three([6, 5], [2, 2], inner: 2, outer: 2, strides: [2, 3], dilations: [1, 2]),
    three([5, 5], [3, 3], inner: 4, outer: 6, strides: [2, 2], low: [1, 1], high: [1, 1], groups: 2),
    three([4, 4], [3, 3], inner: 3, outer: 3, low: [1, 1], high: [1, 1], groups: 3),
    three([1, 1], [1, 1], inner: 1, outer: 1),
    three([6], [2], inner: 2, outer: 2, dilations: [3], low: [2], high: [3]),
    three([3, 4, 3], [2, 2, 2], inner: 2, outer: 2, strides: [1, 2, 1], low: [0, 1, 0], high: [1, 0, 0]),
    three([3, 3, 3], [2, 1, 2], inner: 2, outer: 4, dilations: [2, 1, 1], groups: 2),
    // A stride that skips the last elements, and one beyond the kernel.
    three([8], [2], inner: 1, outer: 2, strides: [3]),
    three([7], [1], inner: 1, outer: 1, strides: [4]),
  ].flatMap { $0 }

  private static func three(
    _ extents: [Int], _ kernel: [Int], inner: Int, outer: Int, strides: [Int]? = nil,
    dilations: [Int]? = nil, low: [Int]? = nil, high: [Int]? = nil, groups: Int = 1
  ) -> [GradientCase] {
    let ones = extents.map { _ in 1 }
    let none = extents.map { _ in 0 }
    let forward = Convolution(
      strides: strides ?? ones, dilations: dilations ?? ones, low: low ?? none,
      high: high ?? none, groups: groups)
    let input = TensorType(.f64, Shape([2] + extents + [inner]))
    let weights = TensorType(.f64, Shape([outer, inner / groups] + kernel))
    let output = try! Primitive.convolution(forward).infer([input, weights])[0]
    let back = forward.with(kind: .inputGradient, extents: extents)
    let weight = forward.with(kind: .weightGradient, extents: kernel)
    return [
      GradientCase(.convolution(forward), [Operand(input.shape), Operand(weights.shape)]),
      GradientCase(.convolution(back), [Operand(output.shape), Operand(weights.shape)]),
      GradientCase(.convolution(weight), [Operand(input.shape), Operand(output.shape)]),
    ]
  }
}
