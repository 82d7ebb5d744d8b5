// Pooling to given extents: output i of `count` covers the elements from ⌊i · extent / count⌋ to
// before ⌈(i + 1) · extent / count⌉, so that windows may overlap and differ by one in size.

import ApusIR

/// The means of `extents` windows along the spatial axes: `[batch, spatial…, channel]` becomes
/// `[batch, extents…, channel]`. Nil leaves an axis as it is.
public func adaptiveAveragePool(_ x: Tensor, _ extents: [Int?]) -> Tensor {
  adaptivePool(x, extents, "adaptiveAveragePool") { x, axis, windows in
    let extent = x.shape[axis]
    var matrix = [Double](repeating: 0, count: windows.count * extent)
    for (row, window) in windows.enumerated() {
      for column in window { matrix[row * extent + column] = 1 / Double(window.count) }
    }
    return x.resampled(axis, matrix)
  }
}

/// The greatest elements of `extents` windows along the spatial axes: `[batch, spatial…, channel]`
/// becomes `[batch, extents…, channel]`. Nil leaves an axis as it is.
public func adaptiveMaxPool(_ x: Tensor, _ extents: [Int?]) -> Tensor {
  // The last axis first, so that of equals the first in row-major order wins.
  adaptivePool(x, extents, "adaptiveMaxPool") { x, axis, windows in
    let width = windows.map(\.count).max() ?? 1
    let places = windows.flatMap { window in
      (0..<width).map { Swift.min(window.lowerBound + $0, window.upperBound - 1) }
    }
    let indices = Tensor(places, shape: [windows.count, width], dtype: .i32)
    let rows = x.take(indices, axis: axis)
    return rows.gather(rows.detached.argMax(axis: axis + 1, keepDims: true), axis: axis + 1)
      .squeezed(axis + 1)
  }
}

private func adaptivePool(
  _ x: Tensor, _ extents: [Int?], _ name: String,
  _ pool: (_ x: Tensor, _ axis: Int, _ windows: [Range<Int>]) -> Tensor
) -> Tensor {
  guard
    check(
      x.rank == extents.count + 2, .shape, name,
      "shape \(x.shape) has not \(extents.count) spatial axes",
      hint: "activations are channels-last, [batch, spatial…, channel]."),
    check(
      extents.allSatisfy { $0 ?? 1 > 0 } && x.shape.dropFirst().allSatisfy { $0 > 0 }, .argument,
      name, "shape \(x.shape) cannot be pooled to \(extents.map { $0.map(String.init) ?? "-" })")
  else { return x }
  var result = x
  for axis in extents.indices.reversed() {
    let extent = x.shape[axis + 1]
    guard let count = extents[axis], count != extent else { continue }
    let windows = (0..<count).map { index in
      (index * extent / count)..<(((index + 1) * extent + count - 1) / count)
    }
    result = pool(result, axis + 1, windows)
  }
  return result
}

extension Tensor {
  /// The weighted sums of the elements along `axis`, one for each row of `matrix`, computed in the
  /// accumulator's dtype whatever the precision of products is.
  func resampled(_ axis: Int, _ matrix: [Double]) -> Tensor {
    let floating = asFloating
    let wide = floating.to(floating.dtype.accumulator)
    let extent = shape[axis]
    let count = matrix.count / Swift.max(extent, 1)
    let weights = Tensor(matrix, shape: [count, extent], dtype: wide.dtype)
    let before = shape.extents[..<axis].reduce(1, *)
    let after = shape.extents[(axis + 1)...].reduce(1, *)
    let result = withPrecision(nil) { matmul(weights, wide.reshaped(before, extent, after)) }
    var target = shape
    target[axis] = count
    return result.reshaped(target).to(floating.dtype)
  }
}
