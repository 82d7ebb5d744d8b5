import ApusIR

extension GradientCases {
  static let elementwise: [GradientCase] = unary + binary + power + choice

  private static let shapes: [Shape] = [[], [1], [17], [3, 1, 5], [0, 2]]

  private static let unary: [GradientCase] = Unary.allCases.flatMap { op -> [GradientCase] in
    let numbers: Operand.Numbers
    switch op {
    case .sign, .floor, .ceil, .round, .not: return []
    case .log, .sqrt, .rsqrt, .log1p: numbers = .positive
    case .absolute: numbers = .awayFromZero
    case .tan: return shapes.map { GradientCase(.unary(op), [Operand($0, .positive.scaled(0.5, $0))]) }
    default: numbers = .any
    }
    return shapes.map { GradientCase(.unary(op), [Operand($0, numbers)]) }
  }

  private static let binary: [GradientCase] = Binary.allCases.flatMap { op -> [GradientCase] in
    switch op {
    case .and, .or, .xor, .shiftLeft, .shiftRight: return []
    case .remainder:
      // Of all signs, and away from the jumps.
      let dividend = Operand([4], .given([5.3, -5.3, 5.3, -5.3]))
      let divisor = Operand([4], .given([2, 2, -2, -2]))
      return [GradientCase(.binary(op), [dividend, divisor])]
    case .maximum, .minimum:
      return shapes.map { shape in
        GradientCase(op.rawValue, "\(shape)", [Operand([2] + shape, .distinct)]) {
          (x) throws(TensorError) in
          try [Node(.binary(op), [x[0].row(0), x[0].row(1)])]
        }
      }
    case .power:
      return shapes.map { GradientCase(.binary(op), [Operand($0, .positive), Operand($0)]) }
    default:
      return shapes.map { GradientCase(.binary(op), [Operand($0), Operand($0, .awayFromZero)]) }
    }
  }

  /// Bases of any sign with a constant exponent, where only the base has a gradient.
  private static let power: [GradientCase] = [-2, -1, 0, 1, 2, 3].map { exponent in
    GradientCase("power", "to the \(exponent)", [Operand([9], .awayFromZero)]) {
      (x) throws(TensorError) in
      let constant = try Node(.constant(.floating(exponent), x[0].type))
      return try [Node(.binary(.power), [x[0], constant])]
    }
  }

  private static let choice: [GradientCase] = [
    GradientCase(
      .select, [.indices([5], [1, 0, 0, 1, 1], dtype: .bool), Operand([5]), Operand([5])]),
    GradientCase(.select, [.indices([], [0], dtype: .bool), Operand([]), Operand([])]),
    GradientCase(.select, [.indices([0], [], dtype: .bool), Operand([0]), Operand([0])]),
    // A result that serves both branches.
    GradientCase(
      "select", "by comparison",
      [Operand([4], .given([-2, -0.5, 0.7, 3])), Operand([4])]
    ) { (x) throws(TensorError) in
      let zero = try Node(.constant(.floating(0), x[0].type))
      let isPositive = try Node(.compare(.greater), [x[0], zero])
      return try [Node(.select, [isPositive, Node(.binary(.multiply), [x[0], x[1]]), x[0]])]
    },
    GradientCase(.cast(.f64), [Operand([2, 3])]),
    GradientCase("cast", "by way of f32", [Operand([2, 3])]) { (x) throws(TensorError) in
      try [Node(.cast(.f64), [Node(.cast(.f32), [x[0]])])]
    }.allowing(1e-4, step: 0.05),
    GradientCase("cast", "to an integer and back", [Operand([3], .given([0.4, 1.5, -2.5]))]) {
      (x) throws(TensorError) in
      let whole = try Node(.cast(.f64), [Node(.cast(.i32), [x[0]])])
      return try [Node(.binary(.multiply), [whole, x[0]])]
    },
    GradientCase(.barrier, [Operand([2, 2]), .indices([2], [1, 2])]),
  ]
}

extension Operand.Numbers {
  /// Numbers between 0 and `limit`, by no chance.
  fileprivate func scaled(_ limit: Double, _ shape: Shape) -> Operand.Numbers {
    .given((0..<shape.elementCount).map { limit * Double($0 + 1) / Double(shape.elementCount) })
  }
}

extension Shape {
  static func + (a: [Int], b: Shape) -> Shape { Shape(a + b.extents) }
}

extension Node {
  /// One slice along axis 0, without that axis.
  func row(_ index: Int) throws(TensorError) -> Node {
    var slicing = Slicing(starts: shape.map { _ in 0 }, ends: shape.extents)
    slicing.starts[0] = index
    slicing.ends[0] = index + 1
    let rest = Shape(Array(shape.dropFirst()))
    return try Node(.reshape(rest), [Node(.slice(slicing), [self])])
  }
}
