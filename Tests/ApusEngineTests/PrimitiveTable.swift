import ApusIR
import ApusTestSupport

/// One primitive on operands of given types, and what its numbers are like.
struct TableCase: CustomStringConvertible {
  enum Numbers {
    /// Small numbers of both signs, integers among them, NaN, infinities and zeros.
    case special
    /// Between -2 and 2.
    case tame
    /// -1, 0.5, 1 and 2, mostly ±1: products stay in range and are exact.
    case factors
    /// Few different values, so that many are equal.
    case ties
    /// From -2 to the given extent + 1: some are out of range.
    case indices(Int)
  }

  var primitive: Primitive
  var operands: [(type: TensorType, numbers: Numbers)]

  init(_ primitive: Primitive, _ operands: [TensorType], _ numbers: Numbers = .tame) {
    self.primitive = primitive
    self.operands = operands.map { ($0, numbers) }
  }

  init(_ primitive: Primitive, _ operands: [(TensorType, Numbers)]) {
    self.primitive = primitive
    self.operands = operands.map { (type: $0.0, numbers: $0.1) }
  }

  var description: String {
    let types = operands.map { "\($0.type)" }.joined(separator: ", ")
    return "\(primitive) on \(types)"
  }

  func inputs(_ random: inout SplitMix64) -> [Buffer] {
    operands.map { type, numbers in
      buffer((0..<type.shape.elementCount).map { _ in numbers.draw(type.dtype, &random) }, type)
    }
  }
}

extension TableCase.Numbers {
  func draw(_ dtype: DType, _ random: inout SplitMix64) -> Double {
    func one(_ choices: [Double]) -> Double { choices.randomElement(using: &random)! }
    if dtype == .bool { return one([0, 1]) }
    let sign: Double = dtype == .u8 ? 1 : -1
    switch (self, dtype.isFloating) {
    case (.indices(let extent), _): return Double(Int.random(in: -2...(extent + 1), using: &random))
    case (.ties, _): return one([0, 1, 2, 3, sign])
    case (.special, true):
      let kind = Int.random(in: 0..<8, using: &random)
      if kind == 0 { return one([.nan, .infinity, -.infinity, 0, -0.0, 1, -1, 0.5, -0.5]) }
      if kind == 1 { return Double(Int.random(in: -5...5, using: &random)) }
      return Double.random(in: -6...6, using: &random)
    case (.special, false):
      let extremes = [Scalar.lowest(dtype).double, Scalar.highest(dtype).double]
      if Int.random(in: 0..<8, using: &random) == 0 { return one(extremes) }
      return Double(Int.random(in: dtype == .u8 ? 0...9 : -9...9, using: &random))
    case (.factors, true):
      return Int.random(in: 0..<50, using: &random) == 0 ? one([0.5, 2]) : one([1, -1])
    case (.tame, true): return Double.random(in: -2...2, using: &random)
    default: return Double(Int.random(in: dtype == .u8 ? 0...9 : -9...9, using: &random))
    }
  }
}

/// For each primitive the cases that the engines are compared on.
enum PrimitiveTable {
  /// Scalar, empty, odd, high rank, and large enough for several threads.
  static let shapes: [Shape] = [
    [], [0], [17], [2, 0, 3], [2, 1, 3, 1, 2, 3], [41, 1063],
  ]

  static func cases(_ entry: PrimitiveEntry, _ dtype: DType) -> [TableCase] {
    func types(_ shape: Shape, _ count: Int = 1) -> [TensorType] {
      [TensorType](repeating: TensorType(dtype, shape), count: count)
    }
    let same = shapes.map { TensorType(dtype, $0) }
    switch entry.primitive {
    case .input: return same.map { TableCase(.stopGradient, [$0], .special) }
    case .stopGradient: return same.map { TableCase(.stopGradient, [$0], .special) }
    case .barrier: return same.map { TableCase(.barrier, [$0, TensorType(.bool, [2])], .special) }
    case .constant:
      return same.map { TableCase(.constant(Scalar.floating(-2.75).converted(to: dtype), $0), []) }
    case .iota:
      guard dtype != .bool else { return [] }
      return same.flatMap { type in
        type.shape.indices.map { TableCase(.iota(axis: $0, type), []) }
      }
    case .randomBits:
      guard dtype == .i32 || dtype == .i64 else { return [] }
      return same.map { TableCase(.randomBits($0), [TensorType(.i64, [2])]) }
    case .unary(let op):
      return op.supports(dtype) ? same.map { TableCase(.unary(op), [$0], .special) } : []
    case .binary(let op):
      return op.supports(dtype) ? same.map { TableCase(.binary(op), [$0, $0], .special) } : []
    case .compare(let op): return same.map { TableCase(.compare(op), [$0, $0], .special) }
    case .select:
      return same.map { TableCase(.select, [TensorType(.bool, $0.shape), $0, $0], .special) }
    case .cast:
      return DType.allCases.flatMap { target in
        same.filter { $0.shape.rank < 6 }.map { TableCase(.cast(target), [$0], .special) }
      }
    case .broadcast, .reshape, .transpose, .slice, .pad, .concatenate, .reverse:
      return movement(entry.primitive.kind, dtype)
    case .reduce(let op, _):
      return op.supports(dtype) ? reductions(op, dtype) : []
    case .argReduce(let op, _):
      return [
        ([1], 0), ([17], 0), ([33, 5], 0), ([5, 33], 1), ([2, 3, 4], 1), ([2, 3, 4, 5], 2), ([0, 3], 1),
        ([300, 70], 0), ([300, 70], 1), ([40_000], 0),
      ].flatMap { (shape: Shape, axis: Int) in
        let numbers: TableCase.Numbers = shape.rank % 2 == 0 ? .ties : .special
        return [TableCase(.argReduce(op, axis: axis), types(shape), numbers)]
      }
    case .cumulative(let op, _, _):
      guard op.supports(dtype) else { return [] }
      return [
        ([0], 0), ([1], 0), ([17], 0), ([3, 0], 0), ([33, 5], 0), ([2, 3, 4, 5], 1), ([130, 300], 0),
        ([300, 130], 1),
      ].flatMap { (shape: Shape, axis: Int) in
        let directions = shape.elementCount < 100 ? [false, true] : [op == .product]
        return directions.map {
          TableCase(.cumulative(op, axis: axis, reverse: $0), types(shape), op.numbers)
        }
      }
    case .matmul: return dtype == .bool ? [] : products(dtype)
    case .convolution(let attributes):
      return dtype.isFloating ? convolutions(attributes.kind, dtype) : []
    case .windowReduce(let op, _):
      guard op.supports(dtype) else { return [] }
      return windows.map { TableCase(.windowReduce(op, $1), types($0), op.numbers) }
    case .windowArgMax:
      return windows.map { shape, window in
        TableCase(.windowArgMax(window), types(shape), shape.rank % 2 == 0 ? .ties : .special)
      }
    case .gather, .scatter: return indexing(entry.primitive.kind, dtype)
    case .argSort:
      return [([0], 0), ([1], 0), ([33], 0), ([2, 17, 3], 1), ([5, 130], 1)].flatMap {
        (shape: Shape, axis: Int) in
        [false, true].flatMap { descending in
          [shape[axis], shape[axis] / 2].flatMap { count in
            [TableCase.Numbers.ties, .special].map {
              TableCase(
                .argSort(axis: axis, descending: descending, count: count), types(shape), $0)
            }
          }
        }
      }
    case .scan, .call: return dtype == .bool ? [] : bodies(entry.primitive.kind, dtype)
    case .host: return same.map { TableCase(entry.primitive, [$0], .special) }
    // A program names the results of an instruction itself.
    case .output: return []
    }
  }
}

extension Reduction {
  func supports(_ dtype: DType) -> Bool {
    dtype != .bool || self == .maximum || self == .minimum
  }

  var numbers: TableCase.Numbers {
    switch self {
    case .sum: .tame
    case .product: .factors
    case .maximum, .minimum: .special
    }
  }
}
