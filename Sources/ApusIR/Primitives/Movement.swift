/// Which elements to keep along each axis: `starts[i]`, then every `strides[i]`-th before `ends[i]`.
public struct Slicing: Hashable, Sendable {
  public var starts: [Int]
  public var ends: [Int]
  /// At least 1; going backwards is `reverse`.
  public var strides: [Int]

  public init(starts: [Int], ends: [Int], strides: [Int]? = nil) {
    self.starts = starts
    self.ends = ends
    self.strides = strides ?? [Int](repeating: 1, count: starts.count)
  }

  /// The number of elements kept along an axis.
  public func extent(_ axis: Int) -> Int {
    (ends[axis] - starts[axis] + strides[axis] - 1) / strides[axis]
  }
}

/// Elements to add along each axis, all with one value.
public struct Padding: Hashable, Sendable {
  /// Before the first element.
  public var low: [Int]
  /// After the last element.
  public var high: [Int]
  /// Between neighbouring elements.
  public var interior: [Int]
  public var value: Scalar

  public init(low: [Int], high: [Int], interior: [Int]? = nil, value: Scalar) {
    self.low = low
    self.high = high
    self.interior = interior ?? [Int](repeating: 0, count: low.count)
    self.value = value
  }

  /// The extent of an axis after padding.
  public func extent(_ axis: Int, of extent: Int) -> Int {
    low[axis] + high[axis] + extent + Swift.max(extent - 1, 0) * interior[axis]
  }
}

extension Primitive {
  /// `broadcast`: repeats along axes of extent 1 and along new leading axes (NumPy's rule).
  func inferBroadcast(_ operands: [TensorType], to shape: Shape) throws(TensorError) -> TensorType {
    try expect(operands, count: 1)
    guard operands[0].shape.broadcasts(to: shape) else {
      throw failure(
        .shape, "shape \(operands[0].shape) cannot be broadcast to \(shape)",
        hint: "aligned at the last axis, each extent must be equal or 1.")
    }
    return TensorType(operands[0].dtype, shape)
  }

  /// `reshape`: the same elements in row-major order.
  func inferReshape(_ operands: [TensorType], to shape: Shape) throws(TensorError) -> TensorType {
    try expect(operands, count: 1)
    let source = operands[0].shape
    guard !shape.contains(where: { $0 < 0 }), source.elementCount == shape.elementCount else {
      throw failure(
        .shape,
        "shape \(source) with \(source.elementCount) elements cannot become \(shape) with "
          + "\(shape.elementCount)")
    }
    return TensorType(operands[0].dtype, shape)
  }

  /// `transpose`: axis `i` of the result is axis `permutation[i]` of the operand.
  func inferTranspose(
    _ operands: [TensorType], _ permutation: [Int]
  ) throws(TensorError) -> TensorType {
    try expect(operands, count: 1)
    let shape = operands[0].shape
    guard permutation.sorted() == Array(0..<shape.rank) else {
      throw failure(.argument, "\(permutation) is no permutation of the axes of shape \(shape)")
    }
    return TensorType(operands[0].dtype, Shape(permutation.map { shape[$0] }))
  }

  func inferSlice(_ operands: [TensorType], _ slice: Slicing) throws(TensorError) -> TensorType {
    try expect(operands, count: 1)
    let shape = operands[0].shape
    let rank = shape.rank
    guard slice.starts.count == rank, slice.ends.count == rank, slice.strides.count == rank else {
      throw failure(.argument, "needs a start, end and stride for each axis of shape \(shape)")
    }
    for axis in 0..<rank {
      let (start, end, stride) = (slice.starts[axis], slice.ends[axis], slice.strides[axis])
      guard start >= 0, start <= end, end <= shape[axis], stride >= 1 else {
        throw failure(
          .index,
          "\(start)..<\(end) by \(stride) is out of range for axis \(axis) of shape \(shape)")
      }
    }
    return TensorType(operands[0].dtype, Shape((0..<rank).map { slice.extent($0) }))
  }

  func inferPad(_ operands: [TensorType], _ padding: Padding) throws(TensorError) -> TensorType {
    try expect(operands, count: 1)
    let shape = operands[0].shape
    let rank = shape.rank
    guard padding.low.count == rank, padding.high.count == rank, padding.interior.count == rank
    else {
      throw failure(.argument, "needs padding for each axis of shape \(shape)")
    }
    guard (padding.low + padding.high + padding.interior).allSatisfy({ $0 >= 0 }) else {
      throw failure(.argument, "padding must not be negative", hint: "use slicing to crop.")
    }
    return TensorType(
      operands[0].dtype, Shape((0..<rank).map { padding.extent($0, of: shape[$0]) }))
  }

  /// `concatenate`: operands of one dtype and, but for `axis`, one shape, one after the other.
  func inferConcatenate(_ operands: [TensorType], axis: Int) throws(TensorError) -> TensorType {
    guard let first = operands.first else { throw failure(.argument, "needs an operand") }
    try expect(axes: [axis], in: first)
    var result = first
    for other in operands.dropFirst() {
      var aligned = other.shape
      if aligned.rank == first.shape.rank { aligned[axis] = first.shape[axis] }
      guard aligned == first.shape else {
        throw failure(
          .shape, "shapes \(first.shape) and \(other.shape) differ outside axis \(axis)")
      }
      guard other.dtype == first.dtype else {
        throw failure(.dtype, "dtypes \(first.dtype) and \(other.dtype) differ")
      }
      result.shape[axis] += other.shape[axis]
    }
    return result
  }
}
