// Reductions along axes; along all where none are named. `keepDims` keeps the axes with extent 1.
// The dtype of the result is PyTorch's: sums and products of integers and `bool` are `i64`.

import ApusIR

extension Tensor {
  private func reduced(
    _ op: Reduction, _ axes: [Int]?, _ keepDims: Bool, as name: String
  ) -> Tensor {
    let axes = normalized(axes, name)
    let result = Tensor.apply(
      .reduce(op, axes: axes), [self], as: name, standIn: TensorType(dtype, shape.removing(axes: axes)))
    return keepDims ? result.reshaped(shape.keeping(axes: axes)) : result
  }

  private var widened: Tensor { dtype.isFloating ? self : to(.i64) }

  /// `body` on this tensor as a floating-point one, 16-bit types in f32 so that neither sums nor counts
  /// overflow or lose digits; the result in this tensor's dtype.
  private func inAccumulator(_ body: (Tensor) -> Tensor) -> Tensor {
    let floating = asFloating
    return body(floating.to(floating.dtype.accumulator)).to(floating.dtype)
  }

  public func sum(axes: [Int]? = nil, keepDims: Bool = false) -> Tensor {
    widened.reduced(.sum, axes, keepDims, as: "sum")
  }
  public func sum(axis: Int, keepDims: Bool = false) -> Tensor {
    sum(axes: [axis], keepDims: keepDims)
  }

  /// The product.
  public func prod(axes: [Int]? = nil, keepDims: Bool = false) -> Tensor {
    widened.reduced(.product, axes, keepDims, as: "prod")
  }
  public func prod(axis: Int, keepDims: Bool = false) -> Tensor {
    prod(axes: [axis], keepDims: keepDims)
  }

  /// The greatest element; NaN where one is NaN. Its gradient is shared evenly among equals.
  public func max(axes: [Int]? = nil, keepDims: Bool = false) -> Tensor {
    extreme(.maximum, axes, keepDims, "max")
  }
  public func max(axis: Int, keepDims: Bool = false) -> Tensor {
    max(axes: [axis], keepDims: keepDims)
  }

  /// The least element; NaN where one is NaN. Its gradient is shared evenly among equals.
  public func min(axes: [Int]? = nil, keepDims: Bool = false) -> Tensor {
    extreme(.minimum, axes, keepDims, "min")
  }
  public func min(axis: Int, keepDims: Bool = false) -> Tensor {
    min(axes: [axis], keepDims: keepDims)
  }

  private func extreme(
    _ op: Reduction, _ axes: [Int]?, _ keepDims: Bool, _ name: String
  ) -> Tensor {
    let isEmpty = normalized(axes, name).contains { shape[$0] == 0 }
    check(!isEmpty, .shape, name, "shape \(shape) has no element to choose from along its axes")
    return reduced(op, axes, keepDims, as: name)
  }

  /// Whether any element is true (not 0).
  public func any(axes: [Int]? = nil, keepDims: Bool = false) -> Tensor {
    to(.bool).reduced(.maximum, axes, keepDims, as: "any")
  }
  public func any(axis: Int, keepDims: Bool = false) -> Tensor {
    any(axes: [axis], keepDims: keepDims)
  }

  /// Whether all elements are true (not 0).
  public func all(axes: [Int]? = nil, keepDims: Bool = false) -> Tensor {
    to(.bool).reduced(.minimum, axes, keepDims, as: "all")
  }
  public func all(axis: Int, keepDims: Bool = false) -> Tensor {
    all(axes: [axis], keepDims: keepDims)
  }

  /// The arithmetic mean. Of integers and `bool` it is `f32` (PyTorch refuses them).
  public func mean(axes: [Int]? = nil, keepDims: Bool = false) -> Tensor {
    let count = normalized(axes, "mean").reduce(1) { $0 * shape[$1] }
    if !dtype.isFloating { return sum(axes: axes, keepDims: keepDims) / Tensor(count) }
    return inAccumulator { $0.sum(axes: axes, keepDims: keepDims) / Tensor(count) }
  }
  public func mean(axis: Int, keepDims: Bool = false) -> Tensor {
    mean(axes: [axis], keepDims: keepDims)
  }

  /// The variance: squared distances from the mean, summed and divided by count - `correction`.
  /// The default 1 makes it unbiased, as in PyTorch; NumPy's default is 0.
  public func variance(axes: [Int]? = nil, correction: Double = 1, keepDims: Bool = false) -> Tensor {
    let count = normalized(axes, "variance").reduce(1) { $0 * shape[$1] }
    return inAccumulator { x in
      let deviation = x - x.mean(axes: axes, keepDims: true)
      let total = (deviation * deviation).sum(axes: axes, keepDims: keepDims)
      return total / Tensor(Swift.max(0, Double(count) - correction))
    }
  }
  public func variance(axis: Int, correction: Double = 1, keepDims: Bool = false) -> Tensor {
    variance(axes: [axis], correction: correction, keepDims: keepDims)
  }

  /// The standard deviation: the root of the variance.
  public func std(axes: [Int]? = nil, correction: Double = 1, keepDims: Bool = false) -> Tensor {
    sqrt(variance(axes: axes, correction: correction, keepDims: keepDims))
  }
  public func std(axis: Int, correction: Double = 1, keepDims: Bool = false) -> Tensor {
    std(axes: [axis], correction: correction, keepDims: keepDims)
  }

  /// log(sum(exp(x))) without overflow.
  public func logSumExp(axes: [Int]? = nil, keepDims: Bool = false) -> Tensor {
    let all = normalized(axes, "logSumExp")
    return inAccumulator { x in
      let greatest = x.reduced(.maximum, all, true, as: "logSumExp")
      // Infinities must not meet in a difference.
      let shift = Tensor.where(isFinite(greatest), greatest, 0).detached
      let result = log(exp(x - shift).sum(axes: all, keepDims: true)) + shift
      return keepDims ? result : result.reshaped(shape.removing(axes: all))
    }
  }
  public func logSumExp(axis: Int, keepDims: Bool = false) -> Tensor {
    logSumExp(axes: [axis], keepDims: keepDims)
  }

  /// The vector norm (Σ|x|^order)^(1/order) along the axes; `order` may be infinite, minus infinite
  /// or 0 (the number of elements that are not 0).
  public func norm(_ order: Double = 2, axes: [Int]? = nil, keepDims: Bool = false) -> Tensor {
    inAccumulator { $0.vectorNorm(order, axes, keepDims) }
  }

  private func vectorNorm(_ order: Double, _ axes: [Int]?, _ keepDims: Bool) -> Tensor {
    let x = self
    switch order {
    case .infinity: return abs(x).max(axes: axes, keepDims: keepDims)
    case -.infinity: return abs(x).min(axes: axes, keepDims: keepDims)
    case 0: return (x .!= 0).to(dtype).sum(axes: axes, keepDims: keepDims)
    case 1: return abs(x).sum(axes: axes, keepDims: keepDims)
    case 2: return sqrt((x * x).sum(axes: axes, keepDims: keepDims))
    default:
      let total = pow(abs(x), Tensor(order)).sum(axes: axes, keepDims: keepDims)
      return pow(total, Tensor(1 / order))
    }
  }
  public func norm(_ order: Double = 2, axis: Int, keepDims: Bool = false) -> Tensor {
    norm(order, axes: [axis], keepDims: keepDims)
  }
}

// MARK: - Along one axis

extension Tensor {
  /// The index, `i64`, of the first greatest element; of all elements in row-major order for nil.
  public func argMax(axis: Int? = nil, keepDims: Bool = false) -> Tensor {
    argReduced(.argMax, axis, keepDims)
  }

  /// The index, `i64`, of the first least element; of all elements in row-major order for nil.
  public func argMin(axis: Int? = nil, keepDims: Bool = false) -> Tensor {
    argReduced(.argMin, axis, keepDims)
  }

  private func argReduced(_ op: ArgReduction, _ axis: Int?, _ keepDims: Bool) -> Tensor {
    guard let axis, rank > 0 else {
      let result = Tensor.apply(.argReduce(op, axis: 0), [reshaped([elementCount])])
      return keepDims ? result.reshaped(Shape(shape.map { _ in 1 })) : result
    }
    let place = normalized(axis, op.rawValue)
    let result = Tensor.apply(
      .argReduce(op, axis: place), [self], standIn: TensorType(.i64, shape.removing(axes: [place])))
    return keepDims ? result.reshaped(shape.keeping(axes: [place])) : result
  }

  /// Running sums along `axis`; integers and `bool` give `i64`.
  public func cumsum(axis: Int) -> Tensor { widened.cumulative(.sum, axis, "cumsum") }

  /// Running products along `axis`; integers and `bool` give `i64`.
  public func cumprod(axis: Int) -> Tensor { widened.cumulative(.product, axis, "cumprod") }

  /// The greatest element so far along `axis`.
  public func cummax(axis: Int) -> Tensor { cumulative(.maximum, axis, "cummax") }

  /// The least element so far along `axis`.
  public func cummin(axis: Int) -> Tensor { cumulative(.minimum, axis, "cummin") }

  private func cumulative(_ op: Reduction, _ axis: Int, _ name: String) -> Tensor {
    if rank == 0 { return self }
    let place = normalized(axis, name)
    return Tensor.apply(.cumulative(op, axis: place, reverse: false), [self], as: name)
  }
}

// MARK: - Sorting

extension Tensor {
  /// The indices, `i64`, that sort along `axis`. The sort is stable; a NaN counts as the greatest.
  public func argSort(axis: Int = -1, descending: Bool = false) -> Tensor {
    if rank == 0 { return zerosLike(dtype: .i64) }
    let place = normalized(axis, "argSort")
    return firstSorted(shape[place], axis: place, descending: descending, "argSort")
  }

  /// The elements in order along `axis`, and where they were.
  public func sorted(
    axis: Int = -1, descending: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    if rank == 0 { return (self, zerosLike(dtype: .i64)) }
    let indices = argSort(axis: axis, descending: descending)
    return (gather(indices, axis: axis), indices)
  }

  /// The `count` greatest (or least) elements along `axis`, the greatest first, and where they were.
  public func topK(
    _ count: Int, axis: Int = -1, largest: Bool = true
  ) -> (values: Tensor, indices: Tensor) {
    let place = normalized(axis, "topK")
    let indices = firstSorted(count, axis: place, descending: largest, "topK")
    return (gather(indices, axis: place), indices)
  }

  private func firstSorted(
    _ count: Int, axis: Int, descending: Bool, _ name: String
  ) -> Tensor {
    Tensor.apply(
      .argSort(axis: axis, descending: descending, count: count), [self], as: name,
      standIn: TensorType(.i64, shape))
  }
}
