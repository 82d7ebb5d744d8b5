// Other shapes for the same elements.

import ApusIR

extension Tensor {
  /// The elements in row-major order in another shape; one extent may be -1, to be found from the
  /// others.
  public func reshaped(_ shape: Shape) -> Tensor {
    guard let target = resolved(shape) else { return .standIn(TensorType(dtype, standInShape(shape))) }
    return target == self.shape
      ? self
      : Tensor.apply(.reshape(target), [self], standIn: TensorType(dtype, standInShape(target)))
  }

  /// The elements in row-major order in another shape; one extent may be -1.
  public func reshaped(_ extents: Int...) -> Tensor { reshaped(Shape(extents)) }

  private func resolved(_ shape: Shape) -> Shape? {
    let open = shape.indices.filter { shape[$0] == -1 }
    guard let axis = open.first else { return shape }
    let rest = shape.reduce(1) { $1 == -1 ? $0 : $0 * $1 }
    guard
      check(open.count == 1, .shape, "reshape", "shape \(shape) leaves more than one extent open"),
      check(
        rest > 0 && elementCount % rest == 0, .shape, "reshape",
        "shape \(self.shape) with \(elementCount) elements cannot become \(shape)")
    else { return nil }
    var result = shape
    result[axis] = elementCount / rest
    return result
  }

  private func standInShape(_ shape: Shape) -> Shape { Shape(shape.map { Swift.max($0, 1) }) }

  /// Axes `from` to `through` made one. Of a scalar: one element.
  public func flattened(from first: Int = 0, through last: Int = -1) -> Tensor {
    if rank == 0 { return reshaped([1]) }
    let first = normalized(first, "flatten")
    let last = normalized(last, "flatten")
    guard
      check(first <= last, .argument, "flatten", "axis \(first) comes after axis \(last)")
    else { return self }
    let merged = shape[first...last].reduce(1, *)
    return reshaped(Shape(shape.extents[..<first] + [merged] + shape.extents[(last + 1)...]))
  }

  /// One axis split into several; one extent may be -1.
  public func unflattened(_ axis: Int, _ extents: [Int]) -> Tensor {
    let axis = normalized(axis, "unflatten")
    var parts = extents
    if let open = parts.firstIndex(of: -1) {
      let rest = parts.reduce(1) { $1 == -1 ? $0 : $0 * $1 }
      if rest > 0 { parts[open] = shape[axis] / rest }
    }
    return reshaped(Shape(shape.extents[..<axis] + parts + shape.extents[(axis + 1)...]))
  }

  /// Without all axes of extent 1.
  public func squeezed() -> Tensor { reshaped(Shape(shape.filter { $0 != 1 })) }

  /// Without one axis, which must have extent 1.
  public func squeezed(_ axis: Int) -> Tensor {
    let axis = normalized(axis, "squeeze")
    guard
      check(
        rank > 0 && shape[axis] == 1, .shape, "squeeze",
        "axis \(axis) of shape \(shape) has not extent 1")
    else { return self }
    return reshaped(shape.removing(axes: [axis]))
  }

  /// With a new axis of extent 1 at `axis` of the result.
  public func expanded(at axis: Int) -> Tensor {
    let axis = normalized(axis, "expanded", extra: 1)
    var extents = shape.extents
    extents.insert(1, at: axis)
    return reshaped(Shape(extents))
  }

  /// Repeated along axes of extent 1 and new leading axes (NumPy's broadcasting). An extent of -1
  /// stays as it is.
  public func expanded(to shape: Shape) -> Tensor {
    var target = shape
    let added = shape.rank - rank
    for axis in shape.indices where shape[axis] == -1 && axis >= added {
      target[axis] = self.shape[axis - added]
    }
    if target == self.shape { return self }
    return Tensor.apply(.broadcast(target), [self], standIn: TensorType(dtype, standInShape(target)))
  }

  /// Axis `i` of the result is axis `axes[i]`.
  public func permuted(_ axes: [Int]) -> Tensor {
    let axes = normalized(axes, "permute")
    if axes == Array(0..<rank) { return self }
    return Tensor.apply(.transpose(axes), [self], as: "permute")
  }

  /// Axis `i` of the result is axis `axes[i]`.
  public func permuted(_ axes: Int...) -> Tensor { permuted(axes) }

  /// Two axes exchanged; the last two, as of a matrix, unless others are named.
  public func transposed(_ first: Int = -2, _ second: Int = -1) -> Tensor {
    let a = normalized(first, "transpose")
    let b = normalized(second, "transpose")
    var axes = Array(0..<rank)
    if a < rank && b < rank { axes.swapAt(a, b) }
    return permuted(axes)
  }

  /// One axis moved to another place.
  public func movingAxis(_ source: Int, to destination: Int) -> Tensor {
    let from = normalized(source, "movingAxis")
    let to = normalized(destination, "movingAxis")
    var axes = (0..<rank).filter { $0 != from }
    axes.insert(from, at: Swift.min(to, axes.count))
    return permuted(axes)
  }

  /// The elements along `axes` in reverse order; along all axes if nil.
  public func flipped(axes: [Int]? = nil) -> Tensor {
    Tensor.apply(.reverse(axes: normalized(axes, "flip")), [self], as: "flip")
  }
}
