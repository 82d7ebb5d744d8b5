import ApusIR

extension GradientCases {
  static let indexing: [GradientCase] = gathers + scatters + sorted

  /// With duplicates and indices out of range on both sides.
  private static let rows = Operand.indices([5], [2, 0, 2, -1, 3])
  private static let grid = Operand.indices([2, 2], [1, 1, 0, 7], dtype: .i32)
  private static let elements = Operand.indices([2, 4, 2], [
    0, 2, 2, 0, 1, 1, 0, -1, 2, 2, 2, 2, 3, 0, 1, 1,
  ])

  private static let gathers: [GradientCase] = [
    GradientCase(.gather(axis: 0, .slices), [Operand([3, 2]), rows]),
    GradientCase(.gather(axis: 1, .slices), [Operand([2, 3, 2]), grid]),
    GradientCase(.gather(axis: 0, .slices), [Operand([4]), .indices([], [2])]),
    GradientCase(.gather(axis: 0, .slices), [Operand([4, 2]), .indices([0], [])]),
    GradientCase(.gather(axis: 1, .elements), [Operand([2, 3, 2]), elements]),
    GradientCase(.gather(axis: 0, .elements), [Operand([3]), .indices([4], [1, 1, 2, 5])]),
  ]

  private static let scatters: [GradientCase] = [Combine.add, .replace].flatMap { combine in
    [
      GradientCase(
        .scatter(axis: 0, .slices, combine), [Operand([3, 2]), rows, Operand([5, 2])]),
      GradientCase(
        .scatter(axis: 1, .slices, combine), [Operand([2, 3, 2]), grid, Operand([2, 2, 2, 2])]),
      GradientCase(
        .scatter(axis: 0, .slices, combine), [Operand([4]), .indices([], [2]), Operand([])]),
      GradientCase(
        .scatter(axis: 0, .slices, combine), [Operand([2]), .indices([2], [9, -4]), Operand([2])]),
      GradientCase(
        .scatter(axis: 1, .elements, combine), [Operand([2, 3, 2]), elements, Operand([2, 4, 2])]),
      GradientCase(
        .scatter(axis: 0, .elements, combine),
        [Operand([3]), .indices([4], [1, 1, 2, 5]), Operand([4])]),
      GradientCase(
        .scatter(axis: 0, .slices, combine), [Operand([3]), .indices([0], []), Operand([0])]),
    ]
  }

  /// Sorting is a gather by what argSort finds.
  private static let sorted: [GradientCase] = [
    GradientCase("gather", "by argSort", [Operand([2, 5], .distinct)]) { (x) throws(TensorError) in
      let order = try Node(.argSort(axis: 1, descending: true, count: 3), [x[0]])
      return try [Node(.gather(axis: 1, .elements), [x[0], order])]
    }
  ]
}
