import ApusIR

/// The matrix product, with NumPy's and PyTorch's rules.
///
/// - `[…, m, k] × […, k, n] = […, m, n]`; leading axes are broadcast.
/// - A first operand of one axis is a row, a second one a column; the axis is dropped from the
///   result. Of two vectors it is the inner product.
///
/// Where the second operand is one matrix, the leading axes of the first are taken as further rows,
/// so nothing is repeated in memory.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor {
  let dtype = Precision.product(of: Tensor.commonDType([a, b]))
  guard
    check(
      a.rank > 0 && b.rank > 0, .shape, "matmul",
      "shapes \(a.shape) and \(b.shape): a scalar cannot be multiplied as a matrix", hint: "use *."),
    check(dtype != .bool, .dtype, "matmul", "dtypes bool and bool cannot be multiplied")
  else { return a }
  let isRow = a.rank == 1
  let isColumn = b.rank == 1
  let left = isRow ? a.expanded(at: 0) : a
  let right = isColumn ? b.expanded(at: 1) : b
  let product = matrixProduct(
    left.cast(dtype), right.cast(dtype), a.shape, b.shape)
  var shape = product.shape.extents
  if isColumn { shape.removeLast() }
  if isRow { shape.remove(at: shape.count - (isColumn ? 1 : 2)) }
  return product.reshaped(Shape(shape))
}

/// The matrix product of operands of at least two axes.
private func matrixProduct(_ a: Tensor, _ b: Tensor, _ shapeA: Shape, _ shapeB: Shape) -> Tensor {
  let inner = a.shape[a.rank - 1]
  let columns = b.shape[b.rank - 1]
  let batchA = Shape(a.shape.dropLast(2))
  let batchB = Shape(b.shape.dropLast(2))
  let rows = a.shape[a.rank - 2]
  let standIn = TensorType(a.dtype, Shape(batchA.extents + [rows, columns]))
  guard
    check(
      inner == b.shape[b.rank - 2], .shape, "matmul",
      "shapes \(shapeA) and \(shapeB) do not fit: inner extents \(inner) and "
        + "\(b.shape[b.rank - 2]) differ",
      hint: "the last axis of the first must equal the last but one of the second.")
  else { return .standIn(standIn) }
  if b.rank == 2 || batchB.elementCount == 1 && batchB.rank <= batchA.rank {
    let merged = a.reshaped([batchA.elementCount * rows, inner])
    let result = Tensor.product(merged, b.reshaped([inner, columns]))
    return result.reshaped(standIn.shape)
  }
  guard let batch = Shape.broadcast(batchA, batchB) else {
    check(
      false, .shape, "matmul",
      "leading extents of \(shapeA) and \(shapeB) cannot be broadcast together")
    return .standIn(standIn)
  }
  let left = a.expanded(to: Shape(batch.extents + a.shape.suffix(2)))
  return Tensor.product(left, b.expanded(to: Shape(batch.extents + b.shape.suffix(2))))
}

extension Tensor {
  /// The primitive, with a transposition of the last two axes of an operand taken in.
  static func product(_ a: Tensor, _ b: Tensor) -> Tensor {
    let left = a.withoutMatrixTranspose
    let right = b.withoutMatrixTranspose
    return apply(
      .matmul(transposeA: left != nil, transposeB: right != nil), [left ?? a, right ?? b])
  }

  /// This tensor in another dtype: where it is a transposition, the transposition of what was
  /// converted, so that a product finds it.
  fileprivate func cast(_ dtype: DType) -> Tensor {
    guard dtype != self.dtype, let matrix = withoutMatrixTranspose else { return to(dtype) }
    return matrix.to(dtype).transposed()
  }

  /// The operand of the transposition of the last two axes that this tensor is, if it is one.
  private var withoutMatrixTranspose: Tensor? {
    guard rank >= 2, node.buffer == nil, case .transpose(let axes) = node.primitive else { return nil }
    var swapped = Array(0..<rank)
    swapped.swapAt(rank - 1, rank - 2)
    return axes == swapped ? Tensor(node.inputs[0]) : nil
  }

  /// The inner product of two vectors.
  public func dot(_ other: Tensor) -> Tensor {
    check(
      rank == 1 && other.rank == 1, .shape, "dot",
      "shapes \(shape) and \(other.shape) are no two vectors", hint: "use matmul.")
    return matmul(self, other)
  }
}
