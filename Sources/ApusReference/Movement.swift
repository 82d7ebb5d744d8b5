import ApusIR

/// Copies between two strided views of one shape. All movement is made of it.
struct StridedCopy: MoveKernel {
  let extents: [Int]
  let source: Dense
  var sourceOffset = 0
  let sourceStrides: [Int]
  let target: MutableDense
  var targetOffset = 0
  let targetStrides: [Int]

  func run<E: BitwiseCopyable>(on element: E.Type) {
    let from = source.elements(element) + sourceOffset
    let to = target.elements(element) + targetOffset
    forEachPosition(extents, sourceStrides, targetStrides) { to[$1] = from[$0] }
  }

  func run() {
    // With no element, the offsets may lie outside the memory.
    if !extents.contains(0) { run(target.type.dtype) }
  }
}

func evaluateBroadcast(_ operand: Dense, _ result: MutableDense) {
  let shape = result.shape
  let strides = operand.shape.rowMajorStrides
  let added = shape.rank - operand.shape.rank
  let sourceStrides = shape.indices.map { axis in
    axis < added || operand.shape[axis - added] == 1 ? 0 : strides[axis - added]
  }
  StridedCopy(
    extents: shape.extents, source: operand, sourceStrides: sourceStrides, target: result,
    targetStrides: shape.rowMajorStrides
  ).run()
}

func evaluateTranspose(_ permutation: [Int], _ operand: Dense, _ result: MutableDense) {
  let strides = operand.shape.rowMajorStrides
  StridedCopy(
    extents: result.shape.extents, source: operand, sourceStrides: permutation.map { strides[$0] },
    target: result, targetStrides: result.shape.rowMajorStrides
  ).run()
}

func evaluateSlice(_ slice: Slicing, _ operand: Dense, _ result: MutableDense) {
  let strides = operand.shape.rowMajorStrides
  StridedCopy(
    extents: result.shape.extents, source: operand,
    sourceOffset: strides.indices.reduce(0) { $0 + slice.starts[$1] * strides[$1] },
    sourceStrides: strides.indices.map { strides[$0] * slice.strides[$0] }, target: result,
    targetStrides: result.shape.rowMajorStrides
  ).run()
}

func evaluatePad(_ padding: Padding, _ operand: Dense, _ result: MutableDense) {
  FillConstant(value: padding.value, result: result).run(result.type.dtype)
  let strides = result.shape.rowMajorStrides
  StridedCopy(
    extents: operand.shape.extents, source: operand, sourceStrides: operand.shape.rowMajorStrides,
    target: result, targetOffset: strides.indices.reduce(0) { $0 + padding.low[$1] * strides[$1] },
    targetStrides: strides.indices.map { strides[$0] * (padding.interior[$0] + 1) }
  ).run()
}

func evaluateConcatenate(axis: Int, _ operands: [Dense], _ result: MutableDense) {
  let strides = result.shape.rowMajorStrides
  var start = 0
  for operand in operands {
    StridedCopy(
      extents: operand.shape.extents, source: operand,
      sourceStrides: operand.shape.rowMajorStrides, target: result,
      targetOffset: start * strides[axis], targetStrides: strides
    ).run()
    start += operand.shape[axis]
  }
}

func evaluateReverse(axes: [Int], _ operand: Dense, _ result: MutableDense) {
  let shape = operand.shape
  let strides = shape.rowMajorStrides
  StridedCopy(
    extents: shape.extents, source: operand,
    sourceOffset: axes.reduce(0) { $0 + (shape[$1] - 1) * strides[$1] },
    sourceStrides: strides.indices.map { axes.contains($0) ? -strides[$0] : strides[$0] },
    target: result, targetStrides: strides
  ).run()
}
