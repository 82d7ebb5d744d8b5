import ApusIR

extension GradientCases {
  static let reductions: [GradientCase] = reduce + products + cumulative

  private static let reduce: [GradientCase] = {
    let forms: [(Shape, [Int])] = [
      ([], []), ([5], [0]), ([2, 3], [1]), ([2, 3], [0]), ([2, 3], []), ([3, 1, 4], [0, 2]),
      ([2, 3, 4], [2, 0]), ([2, 3, 4], [0, 1, 2]), ([2, 3, 4], [1]), ([1, 1], [0]), ([0, 3], [1]),
    ]
    return Reduction.allCases.flatMap { op in
      forms.map { shape, axes in
        GradientCase(.reduce(op, axes: axes), [Operand(shape, op.differentiable)])
      }
    }
  }()

  /// No zero, one, two and three of them in a row.
  private static let zeros = Operand([4, 3], .given([1.5, -2, 0.5, 0, 2, 3, 0, 0, 1.5, 0, 0, 0]))

  private static let products: [GradientCase] = [
    GradientCase(.reduce(.product, axes: [1]), [zeros]),
    GradientCase(.reduce(.product, axes: [0]), [zeros]),
    GradientCase(.reduce(.product, axes: [0, 1]), [Operand([2, 2], .given([2, 0, 3, -1]))]),
    // An empty sum has a gradient, for no element.
    GradientCase(.reduce(.sum, axes: [0]), [Operand([0, 3])]),
    GradientCase(.reduce(.product, axes: [0]), [Operand([0, 3])]),
  ]

  private static let cumulative: [GradientCase] = {
    let forms: [(Shape, Int)] = [
      ([5], 0), ([1], 0), ([2, 3, 4], 0), ([2, 3, 4], 1), ([2, 3, 4], 2), ([3, 0], 0), ([0, 3], 0),
      ([17], 0),
    ]
    var cases: [GradientCase] = []
    for op in Reduction.allCases {
      for reverse in [false, true] {
        for (shape, axis) in forms {
          let operand = Operand(shape, op.differentiable)
          cases.append(GradientCase(.cumulative(op, axis: axis, reverse: reverse), [operand]))
        }
      }
    }
    for reverse in [false, true] {
      for axis in [0, 1] {
        cases.append(GradientCase(.cumulative(.product, axis: axis, reverse: reverse), [zeros]))
      }
    }
    return cases
  }()
}

extension Reduction {
  /// Numbers at which the reduction has a gradient.
  var differentiable: Operand.Numbers { self == .maximum || self == .minimum ? .distinct : .any }
}
