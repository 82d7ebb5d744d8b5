/// What one index stands for in `gather` and `scatter`.
public enum Addressing: String, CaseIterable, Hashable, Sendable {
  /// An index names a whole slice along the axis: `take`, `index_select`, embeddings.
  case slices
  /// An index names one element along the axis, at the same place in all others: `torch.gather`.
  case elements
}

/// How `scatter` combines an update with what is there.
public enum Combine: String, CaseIterable, Hashable, Sendable {
  /// 16-bit floating types accumulate in f32.
  case add
  /// Of several updates for one place the last in row-major order of the indices stays.
  case replace
}

extension Primitive {
  /// `gather`. Operands: values, indices (`i32` or `i64`).
  ///
  /// - slices: `result[a…, i…, b…] = values[a…, indices[i…], b…]`, where `indices` may have any
  ///   shape, which takes the place of `axis`.
  /// - elements: `result[a…, j, b…] = values[a…, indices[a…, j, b…], b…]`; both operands have the
  ///   same extents but along `axis`.
  ///
  /// An index outside `0..<extent` reads zero.
  func inferGather(
    _ operands: [TensorType], axis: Int, _ addressing: Addressing
  ) throws(TensorError) -> TensorType {
    try expect(operands, count: 2)
    let (values, indices) = (operands[0], operands[1])
    try expect(axes: [axis], in: values)
    try expectIndices(indices)
    let shape = try addressedShape(values.shape, indices.shape, axis: axis, addressing)
    return TensorType(values.dtype, shape)
  }

  /// `scatter`. Operands: target, indices (`i32` or `i64`), updates. The result is the target with
  /// the updates added to or put in the places where `gather` would read them.
  ///
  /// An update with an index outside `0..<extent` is dropped.
  func inferScatter(
    _ operands: [TensorType], axis: Int, _ addressing: Addressing, _ combine: Combine
  ) throws(TensorError) -> TensorType {
    try expect(operands, count: 3)
    let (target, indices, updates) = (operands[0], operands[1], operands[2])
    try expect(axes: [axis], in: target)
    try expectIndices(indices)
    guard combine != .add || target.dtype != .bool else {
      throw failure(.dtype, "cannot add bool")
    }
    let shape = try addressedShape(target.shape, indices.shape, axis: axis, addressing)
    guard updates == TensorType(target.dtype, shape) else {
      throw failure(
        .shape, "updates must be \(TensorType(target.dtype, shape)) for target \(target) and "
          + "indices \(indices), got \(updates)")
    }
    return target
  }

  /// `argSort`: the indices, `i64`, that sort along `axis`, the first `count` of them.
  ///
  /// The sort is stable: equal elements keep their order, in both directions. A NaN counts as the
  /// greatest, as in PyTorch.
  func inferArgSort(
    _ operands: [TensorType], axis: Int, count: Int
  ) throws(TensorError) -> TensorType {
    try expect(operands, count: 1)
    try expect(axes: [axis], in: operands[0])
    var shape = operands[0].shape
    guard count >= 0, count <= shape[axis] else {
      throw failure(
        .argument, "cannot take \(count) elements along axis \(axis) of shape \(shape)")
    }
    shape[axis] = count
    return TensorType(.i64, shape)
  }

  private func expectIndices(_ indices: TensorType) throws(TensorError) {
    guard indices.dtype == .i32 || indices.dtype == .i64 else {
      throw failure(
        .dtype, "indices must be i32 or i64, got \(indices.dtype)", hint: "use .to(.i64).")
    }
  }

  private func addressedShape(
    _ values: Shape, _ indices: Shape, axis: Int, _ addressing: Addressing
  ) throws(TensorError) -> Shape {
    switch addressing {
    case .slices:
      return Shape(
        values.extents[..<axis] + indices.extents + values.extents[(axis + 1)...])
    case .elements:
      var aligned = indices
      if aligned.rank == values.rank { aligned[axis] = values[axis] }
      guard aligned == values else {
        throw failure(
          .shape, "values \(values) and indices \(indices) differ outside axis \(axis)")
      }
      return indices
    }
  }
}
