import ApusIR

extension GradientCases {
  static let windows: [GradientCase] = {
    var dilated = Window(sizes: [2, 2], strides: [1, 2])
    dilated.dilations = [2, 3]
    let forms: [(Shape, Window)] = [
      ([2, 4, 3], Window(sizes: [2])),
      ([1, 5, 1], Window(sizes: [3], strides: [1])),
      ([1, 5, 2], Window(sizes: [2], strides: [3])),
      ([2, 4, 5, 2], Window(sizes: [2, 2])),
      ([1, 5, 5, 1], Window(sizes: [3, 3], strides: [2, 2], low: [1, 1], high: [1, 1])),
      ([1, 4, 4, 2], Window(sizes: [3, 2], strides: [1, 1], low: [2, 0], high: [0, 1])),
      ([1, 5, 6, 1], dilated),
      ([1, 1, 1, 1], Window(sizes: [1, 1])),
      // Windows that lie wholly in the padding.
      ([1, 2, 1], Window(sizes: [1], strides: [1], low: [2], high: [1])),
      ([1, 3, 4, 3, 1], Window(sizes: [2, 2, 2], strides: [1, 2, 1], low: [0, 0, 1], high: [0, 0, 0])),
      ([0, 4, 3], Window(sizes: [2])),
    ]
    return [Reduction.sum, .maximum, .minimum].flatMap { op in
      forms.compactMap { shape, window in
        // An extreme of no element is infinite, which no difference can measure.
        if op != .sum, window.sizes == [1] { return nil }
        return GradientCase(.windowReduce(op, window), [Operand(shape, op.differentiable)])
      }
    }
  }()
}
