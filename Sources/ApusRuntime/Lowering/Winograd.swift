import ApusIR

/// The one-dimensional transforms of Winograd's F(4, 3): four results of a filter with three taps
/// from six products (Lavin and Gray, 2016).
///
/// The six points are 0, ±5/8, ±3/2 and infinity, whose rounding errors are several times smaller
/// than those of 0, ±1, ±2. Each function takes and gives values of a kernel; in two dimensions it
/// is applied to the columns, then to the rows.
enum Winograd {
  /// Results along one axis of a tile.
  static let tile = 4
  /// Elements along one axis that a tile of results depends on.
  static let reach = 6
  static let taps = 3
  static let products = reach * reach

  private static let a = 0.625
  private static let b = 1.5
  private static let (a2, b2) = (a * a, b * b)

  typealias Transform = ([Kernel.Value], inout KernelBuilder) -> [Kernel.Value]

  /// Bᵀ: six elements of the input.
  static func input(_ d: [Kernel.Value], _ builder: inout KernelBuilder) -> [Kernel.Value] {
    let first = sum([(a2 * b2, d[0]), (-(a2 + b2), d[2]), (1, d[4])], &builder)
    let last = sum([(a2 * b2, d[1]), (-(a2 + b2), d[3]), (1, d[5])], &builder)
    let (evenA, oddA) = (sum([(1, d[4]), (-b2, d[2])], &builder), sum([(a, d[3]), (-a * b2, d[1])], &builder))
    let (evenB, oddB) = (sum([(1, d[4]), (-a2, d[2])], &builder), sum([(b, d[3]), (-b * a2, d[1])], &builder))
    return [
      first, sum([(1, evenA), (1, oddA)], &builder), sum([(1, evenA), (-1, oddA)], &builder),
      sum([(1, evenB), (1, oddB)], &builder), sum([(1, evenB), (-1, oddB)], &builder), last,
    ]
  }

  /// Aᵀ: six products to four results.
  static func output(_ m: [Kernel.Value], _ builder: inout KernelBuilder) -> [Kernel.Value] {
    let (sumA, differenceA) = pair(m[1], m[2], &builder)
    let (sumB, differenceB) = pair(m[3], m[4], &builder)
    return [
      sum([(1, m[0]), (1, sumA), (1, sumB)], &builder),
      sum([(a, differenceA), (b, differenceB)], &builder),
      sum([(a2, sumA), (b2, sumB)], &builder),
      sum([(a2 * a, differenceA), (b2 * b, differenceB), (1, m[5])], &builder),
    ]
  }

  /// A: the gradients of four results to those of six products.
  static func outputGradient(_ y: [Kernel.Value], _ builder: inout KernelBuilder) -> [Kernel.Value] {
    let evenA = sum([(1, y[0]), (a2, y[2])], &builder)
    let oddA = sum([(a, y[1]), (a2 * a, y[3])], &builder)
    let evenB = sum([(1, y[0]), (b2, y[2])], &builder)
    let oddB = sum([(b, y[1]), (b2 * b, y[3])], &builder)
    let (plusA, minusA) = pair(evenA, oddA, &builder)
    let (plusB, minusB) = pair(evenB, oddB, &builder)
    return [y[0], plusA, minusA, plusB, minusB, y[3]]
  }

  private static let scales = (1 / (a2 * b2), 0.5 / (a2 * (a2 - b2)), 0.5 / (b2 * (b2 - a2)))

  /// G: three taps of the filter.
  static func weights(_ g: [Kernel.Value], _ builder: inout KernelBuilder) -> [Kernel.Value] {
    let (zero, atA, atB) = scales
    let evenA = sum([(atA, g[0]), (atA * a2, g[2])], &builder)
    let evenB = sum([(atB, g[0]), (atB * b2, g[2])], &builder)
    let (plusA, minusA) = pair(evenA, sum([(atA * a, g[1])], &builder), &builder)
    let (plusB, minusB) = pair(evenB, sum([(atB * b, g[1])], &builder), &builder)
    return [sum([(zero, g[0])], &builder), plusA, minusA, plusB, minusB, g[2]]
  }

  /// Gᵀ: the gradients of six products to those of three taps.
  static func weightGradient(_ u: [Kernel.Value], _ builder: inout KernelBuilder) -> [Kernel.Value] {
    let (zero, atA, atB) = scales
    let (sumA, differenceA) = pair(u[1], u[2], &builder)
    let (sumB, differenceB) = pair(u[3], u[4], &builder)
    return [
      sum([(zero, u[0]), (atA, sumA), (atB, sumB)], &builder),
      sum([(atA * a, differenceA), (atB * b, differenceB)], &builder),
      sum([(atA * a2, sumA), (atB * b2, sumB), (1, u[5])], &builder),
    ]
  }

  /// A square of values, by row: the transform of its columns, then of its rows.
  static func square(
    _ values: [Kernel.Value], _ transform: Transform, in builder: inout KernelBuilder
  ) -> [Kernel.Value] {
    let side = values.count == reach * reach ? reach : values.count == tile * tile ? tile : taps
    let columns = (0..<side).map { column in
      transform((0..<side).map { values[$0 * side + column] }, &builder)
    }
    return columns[0].indices.flatMap { row in transform(columns.map { $0[row] }, &builder) }
  }

  private static func pair(
    _ x: Kernel.Value, _ y: Kernel.Value, _ builder: inout KernelBuilder
  ) -> (Kernel.Value, Kernel.Value) {
    (
      builder.define(.f32, .binary(.add, x, y)), builder.define(.f32, .binary(.subtract, x, y))
    )
  }

  /// Σ factor · value.
  private static func sum(
    _ terms: [(Double, Kernel.Value)], _ builder: inout KernelBuilder
  ) -> Kernel.Value {
    var total: Kernel.Value?
    for (factor, value) in terms {
      guard let sum = total else {
        total = scaled(value, by: factor, &builder)
        continue
      }
      let op = factor < 0 ? Binary.subtract : .add
      let term = scaled(value, by: abs(factor), &builder)
      total = builder.define(.f32, .binary(op, sum, term))
    }
    return total!
  }

  private static func scaled(
    _ value: Kernel.Value, by factor: Double, _ builder: inout KernelBuilder
  ) -> Kernel.Value {
    if factor == 1 { return value }
    let constant = builder.define(.f32, .constant(.floating(factor)))
    return builder.define(.f32, .binary(.multiply, value, constant))
  }
}
