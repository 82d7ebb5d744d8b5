import ApusIR

extension Tensor {
  /// The tensors one after the other along an axis they have.
  public static func concatenated(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
    guard
      check(!tensors.isEmpty, .argument, "concatenate", "needs at least one tensor")
    else { return .zeros([0]) }
    let dtype = commonDType(tensors)
    let place = tensors[0].normalized(axis, "concatenate")
    if tensors.count == 1 { return tensors[0] }
    return apply(.concatenate(axis: place), tensors.map { $0.to(dtype) })
  }

  /// The tensors, all of one shape, along a new axis.
  public static func stacked(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
    guard let first = tensors.first else {
      check(false, .argument, "stack", "needs at least one tensor")
      return .zeros([0])
    }
    for tensor in tensors {
      guard
        check(
          tensor.shape == first.shape, .shape, "stack",
          "shapes \(first.shape) and \(tensor.shape) differ")
      else { return first }
    }
    let place = first.normalized(axis, "stack", extra: 1)
    return concatenated(tensors.map { $0.expanded(at: place) }, axis: place)
  }

  /// Parts of the given sizes along `axis`.
  public func split(sizes: [Int], axis: Int = 0) -> [Tensor] {
    let place = normalized(axis, "split")
    guard
      check(
        rank > 0 && sizes.reduce(0, +) == shape[place] && !sizes.contains { $0 < 0 }, .argument, "split",
        "sizes \(sizes) do not add up to the extent of axis \(place) of shape \(shape)")
    else { return sizes.map { _ in self } }
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return sliced(place, start..<(start + size))
    }
  }

  /// Parts of `size` elements along `axis`; the last may be smaller.
  public func split(size: Int, axis: Int = 0) -> [Tensor] {
    let place = normalized(axis, "split")
    guard
      check(rank > 0 && size > 0, .argument, "split", "the size \(size) must be positive")
    else { return [self] }
    return Swift.stride(from: 0, to: shape[place], by: size).map { start in
      sliced(place, start..<Swift.min(start + size, shape[place]))
    }
  }

  /// `count` parts of equal size along `axis`; the last may be smaller, and there may be fewer, as
  /// in PyTorch.
  public func chunked(_ count: Int, axis: Int = 0) -> [Tensor] {
    let place = normalized(axis, "chunk")
    guard
      check(rank > 0 && count > 0, .argument, "chunk", "the count \(count) must be positive")
    else { return [self] }
    return split(size: Swift.max(1, (shape[place] + count - 1) / count), axis: place)
  }

  /// The range of elements along `axis`.
  func sliced(_ axis: Int, _ range: Range<Int>, stride: Int = 1) -> Tensor {
    if range == 0..<shape[axis] && stride == 1 { return self }
    var slicing = Slicing(starts: shape.map { _ in 0 }, ends: shape.extents)
    slicing.starts[axis] = range.lowerBound
    slicing.ends[axis] = range.upperBound
    slicing.strides[axis] = stride
    return Tensor.apply(.slice(slicing), [self])
  }

  /// The whole tensor `counts[i]` times along axis `i` (NumPy's `tile`).
  public func tiled(_ counts: [Int]) -> Tensor {
    guard
      check(
        !counts.contains { $0 < 0 }, .argument, "tile", "counts \(counts) must not be negative")
    else { return self }
    let rank = Swift.max(rank, counts.count)
    let extents = [Int](repeating: 1, count: rank - self.rank) + shape.extents
    let counts = [Int](repeating: 1, count: rank - counts.count) + counts
    var spread: [Int] = []
    var split: [Int] = []
    for axis in 0..<rank {
      split += [1, extents[axis]]
      spread += [counts[axis], extents[axis]]
    }
    let result = zip(extents, counts).map { $0 * $1 }
    return reshaped(Shape(split)).expanded(to: Shape(spread)).reshaped(Shape(result))
  }

  /// Each element `count` times in a row along `axis` (NumPy's `repeat`).
  public func repeated(_ count: Int, axis: Int) -> Tensor {
    let place = normalized(axis, "repeat")
    guard
      check(rank > 0 && count >= 0, .argument, "repeat", "the count \(count) must not be negative")
    else { return self }
    var spread = shape
    spread.extents.insert(count, at: place + 1)
    var result = shape
    result[place] *= count
    return expanded(at: place + 1).expanded(to: spread).reshaped(result)
  }

  /// The elements moved on by `shift` along `axis`, those beyond the end brought in at the start.
  public func rolled(_ shift: Int, axis: Int) -> Tensor {
    let place = normalized(axis, "roll")
    guard rank > 0, shape[place] > 0 else { return self }
    let extent = shape[place]
    let split = ((-shift % extent) + extent) % extent
    if split == 0 { return self }
    return Tensor.concatenated(
      [sliced(place, split..<extent), sliced(place, 0..<split)], axis: place)
  }
}

/// The tensors one after the other along an axis they have.
public func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  Tensor.concatenated(tensors, axis: axis)
}

/// The tensors, all of one shape, along a new axis.
public func stack(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  Tensor.stacked(tensors, axis: axis)
}
