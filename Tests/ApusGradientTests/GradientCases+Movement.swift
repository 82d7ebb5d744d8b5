import ApusIR

extension GradientCases {
  static let movement: [GradientCase] = copies + slices + pads + joins

  private static let copies: [GradientCase] = [
    GradientCase(.broadcast([2, 3]), [Operand([3])]),
    GradientCase(.broadcast([4, 3]), [Operand([1, 3])]),
    GradientCase(.broadcast([2, 2]), [Operand([])]),
    GradientCase(.broadcast([1]), [Operand([1])]),
    GradientCase(.broadcast([5, 2, 4, 3]), [Operand([2, 1, 3])]),
    GradientCase(.broadcast([1, 1, 3]), [Operand([3])]),
    GradientCase(.broadcast([2, 0]), [Operand([0])]),
    GradientCase(.broadcast([0]), [Operand([1])]),
    GradientCase(.reshape([6]), [Operand([2, 3])]),
    GradientCase(.reshape([1, 2, 3, 1]), [Operand([6])]),
    GradientCase(.reshape([]), [Operand([1, 1])]),
    GradientCase(.reshape([3, 0]), [Operand([0, 7])]),
    GradientCase(.transpose([1, 0]), [Operand([2, 3])]),
    GradientCase(.transpose([2, 0, 1]), [Operand([2, 3, 4])]),
    GradientCase(.transpose([3, 1, 0, 2]), [Operand([2, 1, 3, 2])]),
    GradientCase(.transpose([]), [Operand([])]),
    GradientCase(.reverse(axes: [0]), [Operand([5])]),
    GradientCase(.reverse(axes: [2, 0]), [Operand([2, 3, 4])]),
    GradientCase(.reverse(axes: []), [Operand([2])]),
    GradientCase(.reverse(axes: [1]), [Operand([2, 0])]),
  ]

  private static func slice(
    _ starts: [Int], _ ends: [Int], _ strides: [Int], of shape: Shape
  ) -> GradientCase {
    GradientCase(.slice(Slicing(starts: starts, ends: ends, strides: strides)), [Operand(shape)])
  }

  private static let slices: [GradientCase] = [
    slice([1], [4], [1], of: [5]),
    slice([0], [5], [2], of: [5]),
    slice([0], [6], [2], of: [6]),
    slice([1], [7], [3], of: [9]),
    slice([0, 1, 2], [2, 3, 7], [1, 2, 3], of: [2, 3, 8]),
    slice([2], [2], [1], of: [5]),
    slice([0, 0], [2, 0], [1, 4], of: [2, 3]),
    slice([0], [1], [5], of: [1]),
    slice([], [], [], of: []),
  ]

  private static func pad(
    _ low: [Int], _ high: [Int], _ interior: [Int], of shape: Shape
  ) -> GradientCase {
    let padding = Padding(low: low, high: high, interior: interior, value: .floating(1.5))
    return GradientCase(.pad(padding), [Operand(shape)])
  }

  private static let pads: [GradientCase] = [
    pad([1], [2], [0], of: [3]),
    pad([0], [0], [2], of: [3]),
    pad([2], [1], [1], of: [1]),
    pad([1, 0, 2], [0, 3, 1], [1, 0, 2], of: [2, 3, 2]),
    pad([1], [2], [3], of: [0]),
    pad([0, 1], [0, 0], [0, 0], of: [0, 2]),
  ]

  private static let joins: [GradientCase] = [
    GradientCase(.concatenate(axis: 0), [Operand([1]), Operand([3]), Operand([0])]),
    GradientCase(.concatenate(axis: 1), [Operand([2, 1, 2]), Operand([2, 4, 2])]),
    GradientCase(.concatenate(axis: 0), [Operand([2])]),
    GradientCase("concatenate", "one operand three times", [Operand([2, 2])]) {
      (x) throws(TensorError) in try [Node(.concatenate(axis: 1), [x[0], x[0], x[0]])]
    },
  ]
}
