// Reading and writing elements by index. An index counts from the end where it is negative only if
// it is known when the graph is built; tensors of indices must lie in `0..<extent`: one outside
// reads zero and writes nothing.

import ApusIR

extension Tensor {
  /// The element at `indices` along `axis`, at the same place along all others (`torch.gather`).
  /// `indices` has this tensor's extents but along `axis`.
  public func gather(_ indices: Tensor, axis: Int) -> Tensor {
    let place = normalized(axis, "gather")
    return Tensor.apply(
      .gather(axis: place, .elements), [self, indices.asIndices],
      standIn: TensorType(dtype, indices.shape))
  }

  /// The slices at `indices` along `axis`; the axes of `indices` take the place of `axis`
  /// (NumPy's `take`, PyTorch's `index_select` and embedding look-up).
  public func take(_ indices: Tensor, axis: Int = 0) -> Tensor {
    let place = normalized(axis, "take")
    return Tensor.apply(
      .gather(axis: place, .slices), [self, indices.asIndices], as: "take",
      device: device)
  }

  /// This tensor with `updates` put where `gather(indices, axis:)` would read. Of several updates
  /// for one place the last stays.
  public func scatter(_ indices: Tensor, _ updates: Tensor, axis: Int) -> Tensor {
    scattered(indices, updates, axis, .elements, .replace)
  }

  /// This tensor with `updates` added where `gather(indices, axis:)` would read.
  public func scatterAdd(_ indices: Tensor, _ updates: Tensor, axis: Int) -> Tensor {
    scattered(indices, updates, axis, .elements, .add)
  }

  /// This tensor with `updates` put where `take(indices, axis:)` would read. Of several updates for
  /// one place the last stays.
  public func put(_ indices: Tensor, _ updates: Tensor, axis: Int = 0) -> Tensor {
    scattered(indices, updates, axis, .slices, .replace)
  }

  /// This tensor with `updates` added where `take(indices, axis:)` would read.
  public func putAdd(_ indices: Tensor, _ updates: Tensor, axis: Int = 0) -> Tensor {
    scattered(indices, updates, axis, .slices, .add)
  }

  private func scattered(
    _ indices: Tensor, _ updates: Tensor, _ axis: Int, _ addressing: Addressing, _ combine: Combine
  ) -> Tensor {
    let place = normalized(axis, "scatter")
    var target = indices.shape
    if addressing == .slices && rank > 0 {
      target = Shape(shape.extents[..<place] + indices.shape.extents + shape.extents[(place + 1)...])
    }
    guard
      check(
        updates.shape.broadcasts(to: target), .shape, "scatter",
        "updates of shape \(updates.shape) cannot be broadcast to \(target)")
    else { return self }
    let values = updates.matched(TensorType(dtype, target), device: device)
    return Tensor.apply(
      .scatter(axis: place, addressing, combine), [self, indices.asIndices, values])
  }

  private var asIndices: Tensor {
    switch dtype {
    case .u8, .i8, .i16: to(.i32)
    default: Tensor(node)
    }
  }

  /// One-hot rows along a new last axis: 1 at the index, else 0.
  public func oneHot(_ count: Int, dtype: DType = .defaultFloating) -> Tensor {
    let classes = Tensor.counting(count, dtype: .i64, device: device)
    return (expanded(at: -1) .== classes).to(dtype)
  }

  /// The lower triangle of each matrix, zeros above the `diagonal`-th diagonal.
  public func tril(_ diagonal: Int = 0) -> Tensor {
    Tensor.where(triangle("tril") { row, column in column .<= row + Tensor(diagonal) }, self, zerosLike())
  }

  /// The upper triangle of each matrix, zeros below the `diagonal`-th diagonal.
  public func triu(_ diagonal: Int = 0) -> Tensor {
    Tensor.where(triangle("triu") { row, column in column .>= row + Tensor(diagonal) }, self, zerosLike())
  }

  private func triangle(_ name: String, _ condition: (Tensor, Tensor) -> Tensor) -> Tensor {
    guard
      check(rank >= 2, .shape, name, "shape \(shape) is no matrix: it needs two axes")
    else { return filledLike(true, dtype: .bool) }
    let matrix = Shape(shape.suffix(2))
    let row = Tensor.index(along: 0, matrix, device: device)
    return condition(row, Tensor.index(along: 1, matrix, device: device))
  }

  /// The `offset`-th diagonal of the matrices in the last two axes, as a new last axis.
  public func diagonal(_ offset: Int = 0) -> Tensor {
    guard
      check(rank >= 2, .shape, "diagonal", "shape \(shape) is no matrix: it needs two axes")
    else { return self }
    let rows = shape[rank - 2]
    let columns = shape[rank - 1]
    let start = offset >= 0 ? offset : -offset * columns
    let room = offset >= 0 ? Swift.min(rows, columns - offset) : Swift.min(rows + offset, columns)
    let count = Swift.max(0, room)
    let positions = Tensor.counting(count, dtype: .i64, device: device) * Tensor(columns + 1) + Tensor(start)
    return flattened(from: -2).take(positions, axis: -1)
  }

  /// Matrices with this tensor's last axis on their diagonal, zeros elsewhere.
  public func diagonalMatrix() -> Tensor {
    guard
      check(rank >= 1, .shape, "diagonalMatrix", "a scalar has no axis to lay on a diagonal")
    else { return self }
    let count = shape[rank - 1]
    let row = Tensor.index(along: 0, [count, count], device: device)
    let isDiagonal = row .== Tensor.index(along: 1, [count, count], device: device)
    return Tensor.where(isDiagonal, expanded(at: -1), zerosLike().expanded(at: -1))
  }
}
