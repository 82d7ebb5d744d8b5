/// An associative combination of many elements into one.
public enum Reduction: String, CaseIterable, Hashable, Sendable {
  case sum, product, maximum, minimum

  var suffix: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

  /// The result on no element: 0, 1, the least and the greatest value of the dtype.
  public func identity(_ dtype: DType) -> Scalar {
    switch self {
    case .sum: .zero(dtype)
    case .product: .one(dtype)
    case .maximum: .lowest(dtype)
    case .minimum: .highest(dtype)
    }
  }

  /// The elementwise function that combines two partial results.
  public var combining: Binary {
    switch self {
    case .sum: .add
    case .product: .multiply
    case .maximum: .maximum
    case .minimum: .minimum
    }
  }
}

/// Which element's index to return.
public enum ArgReduction: String, CaseIterable, Hashable, Sendable {
  case argMax, argMin
}

extension Primitive {
  /// `reduce`: combines along `axes`, which disappear.
  ///
  /// 16-bit floating types accumulate in f32. On `bool` the maximum is "any" and the minimum is
  /// "all"; sum and product are not defined. A NaN makes the maximum and minimum NaN.
  func inferReduce(
    _ op: Reduction, _ operands: [TensorType], axes: [Int]
  ) throws(TensorError) -> TensorType {
    try expect(operands, count: 1)
    try expect(axes: axes, in: operands[0])
    try expectReducible(op, operands[0])
    return TensorType(operands[0].dtype, operands[0].shape.removing(axes: axes))
  }

  /// `argMax`, `argMin`: the index, `i64`, of the first greatest or least element along `axis`,
  /// which disappears. A NaN counts as both greatest and least, as in PyTorch.
  func inferArgReduce(_ operands: [TensorType], axis: Int) throws(TensorError) -> TensorType {
    try expect(operands, count: 1)
    try expect(axes: [axis], in: operands[0])
    guard operands[0].shape[axis] > 0 else {
      throw failure(
        .shape, "axis \(axis) of shape \(operands[0].shape) has no element to choose from")
    }
    return TensorType(.i64, operands[0].shape.removing(axes: [axis]))
  }

  /// `cumulative`: element `i` along `axis` combines elements `0...i`, or `i...` in reverse.
  /// 16-bit floating types accumulate in f32.
  func inferCumulative(
    _ op: Reduction, _ operands: [TensorType], axis: Int
  ) throws(TensorError) -> TensorType {
    try expect(operands, count: 1)
    try expect(axes: [axis], in: operands[0])
    try expectReducible(op, operands[0])
    return operands[0]
  }

  func expectReducible(_ op: Reduction, _ type: TensorType) throws(TensorError) {
    guard type.dtype != .bool || op == .maximum || op == .minimum else {
      throw failure(.dtype, "is not defined for bool", hint: "convert with .to(.i64) first.")
    }
  }
}
