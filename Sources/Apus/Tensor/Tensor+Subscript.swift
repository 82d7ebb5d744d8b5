// Indexing and slicing as in NumPy: first everything but index tensors, by slices and reshapes,
// then the index tensors, by one gather.

import ApusIR

extension Tensor {
  /// The elements at the given places; see `TensorIndex`.
  public subscript(_ indices: any TensorIndexing...) -> Tensor {
    indexed(indices.map(\.tensorIndex))
  }

  /// This tensor with the elements at the given places replaced by `value`, which is broadcast and
  /// converted to them: `x.updating(0, 1..., with: 5)`. Of places named twice one value stays.
  public func updating(_ indices: any TensorIndexing..., with value: Tensor) -> Tensor {
    let flat = reshaped([elementCount])
    let counted = Tensor.counting(elementCount, dtype: .i64, device: device)
    let places = counted.reshaped(shape).indexed(indices.map(\.tensorIndex))
    guard
      check(
        value.shape.broadcasts(to: places.shape), .shape, "updating",
        "a value of shape \(value.shape) cannot be broadcast to the places of shape \(places.shape)")
    else { return self }
    let values = value.matched(TensorType(dtype, places.shape), device: device)
    return flat.put(places.flattened(), values.flattened()).reshaped(shape)
  }

  func indexed(_ indices: [TensorIndex]) -> Tensor {
    let plan = IndexPlan(self, indices)
    guard plan.isValid else { return self }
    var result = self
    if !plan.reversed.isEmpty {
      result = Tensor.apply(.reverse(axes: plan.reversed), [result], as: "subscript")
    }
    let isWhole = plan.slicing.starts.allSatisfy { $0 == 0 } && plan.slicing.ends == shape.extents
      && plan.slicing.strides.allSatisfy { $0 == 1 }
    if !isWhole { result = Tensor.apply(.slice(plan.slicing), [result], as: "subscript") }
    result = result.reshaped(plan.shape)
    return plan.tensors.isEmpty ? result : result.gathered(plan.tensors)
  }

  /// The elements at index tensors for some axes. Where the axes are neighbours the indices' own
  /// axes take their place, else they come first (NumPy's rule).
  private func gathered(_ tensors: [(axis: Int, index: Tensor)]) -> Tensor {
    let axes = tensors.map(\.axis)
    let areNeighbours = axes.last! - axes.first! == axes.count - 1
    let source = areNeighbours ? self : permuted(axes + (0..<rank).filter { !axes.contains($0) })
    let place = areNeighbours ? axes[0] : 0
    let indices = Tensor.broadcast(tensors.map(\.index), "subscript", dtype: .i64)
    var position: Tensor?
    for (offset, index) in indices.enumerated() {
      let extent = Tensor(source.shape[place + offset])
      let wrapped = Tensor.where(index .< 0, index + extent, index)
      position = position.map { $0 * extent + wrapped } ?? wrapped
    }
    let merged = source.flattened(from: place, through: place + axes.count - 1)
    return merged.take(position!, axis: place)
  }

  /// The elements where `mask` is true, in row-major order, along one axis. How many there are is
  /// known only when the mask is computed, so this computes it at once.
  public func maskedSelect(_ mask: Tensor) -> Tensor {
    let pair = Tensor.broadcast([mask, self], "maskedSelect", dtype: nil)
    let hits = pair[0].array(of: Bool.self)
    let places = hits.indices.filter { hits[$0] }
    return pair[1].flattened().take(Tensor(places, dtype: .i64).to(device: device))
  }
}

/// What a subscript comes to, axis by axis.
private struct IndexPlan {
  var reversed: [Int] = []
  var slicing: Slicing
  /// The shape after slicing, with axes dropped and added.
  var shape: Shape = []
  /// Index tensors, with their axes in `shape`.
  var tensors: [(axis: Int, index: Tensor)] = []
  var isValid = true

  init(_ tensor: Tensor, _ indices: [TensorIndex]) {
    slicing = Slicing(starts: tensor.shape.map { _ in 0 }, ends: tensor.shape.extents)
    guard let indices = completed(indices, for: tensor) else {
      isValid = false
      return
    }
    var axis = 0
    for index in indices {
      switch index {
      case .newAxisIndex:
        shape.extents.append(1)
        continue
      case .element(let position):
        take(position, axis, tensor)
      case .range(let from, let to, let step):
        take(from, to, step, axis, tensor)
      case .everything, .ellipsisIndex:
        shape.extents.append(tensor.shape[axis])
      case .tensor(let index):
        take(index, axis, tensor)
      }
      axis += 1
    }
  }

  /// One index for each axis: the ellipsis, or the end, filled up.
  private func completed(_ indices: [TensorIndex], for tensor: Tensor) -> [TensorIndex]? {
    var used = 0
    var ellipses: [Int] = []
    for (position, index) in indices.enumerated() {
      switch index {
      case .newAxisIndex: break
      case .ellipsisIndex: ellipses.append(position)
      default: used += 1
      }
    }
    let missing = tensor.rank - used
    guard
      check(
        missing >= 0, .index, "subscript", "\(used) indices are too many for shape \(tensor.shape)"),
      check(ellipses.count <= 1, .argument, "subscript", "only one .ellipsis can be filled up")
    else { return nil }
    let place = ellipses.first ?? indices.count
    let rest = ellipses.isEmpty ? [] : indices[(place + 1)...]
    return indices[..<place] + [TensorIndex](repeating: .everything, count: missing) + rest
  }

  private mutating func take(_ position: Int, _ axis: Int, _ tensor: Tensor) {
    let extent = tensor.shape[axis]
    let index = position < 0 ? position + extent : position
    guard
      check(
        index >= 0 && index < extent, .index, "subscript",
        "index \(position) is out of range for axis \(axis) of shape \(tensor.shape)")
    else {
      isValid = false
      return
    }
    slicing.starts[axis] = index
    slicing.ends[axis] = index + 1
  }

  private mutating func take(
    _ from: Int?, _ to: Int?, _ step: Int, _ axis: Int, _ tensor: Tensor
  ) {
    guard check(step != 0, .argument, "subscript", "the step must not be zero") else {
      isValid = false
      return
    }
    let extent = tensor.shape[axis]
    func fromFront(_ bound: Int) -> Int { bound < 0 ? bound + extent : bound }
    if step < 0 { reversed.append(axis) }
    // In the reversed axis element i is found at extent - 1 - i.
    let first: Int
    let end: Int
    if step > 0 {
      first = from.map(fromFront) ?? 0
      end = to.map(fromFront) ?? extent
    } else {
      first = from.map { extent - 1 - Swift.min(fromFront($0), extent - 1) } ?? 0
      end = to.map { extent - 1 - Swift.max(fromFront($0), -1) } ?? extent
    }
    let start = Swift.min(Swift.max(first, 0), extent)
    slicing.starts[axis] = start
    slicing.ends[axis] = Swift.max(start, Swift.min(Swift.max(end, 0), extent))
    slicing.strides[axis] = Swift.abs(step)
    shape.extents.append(slicing.extent(axis))
  }

  private mutating func take(_ index: Tensor, _ axis: Int, _ tensor: Tensor) {
    guard
      check(
        index.dtype.isInteger, .dtype, "subscript", "an index tensor must hold integers, got \(index.dtype)",
        hint: index.dtype == .bool
          ? "choose by a mask with .maskedSelect(mask) or Tensor.where(mask, a, b)."
          : "convert it with .to(.i64).")
    else {
      isValid = false
      return
    }
    tensors.append((shape.rank, index))
    shape.extents.append(tensor.shape[axis])
  }
}
