import ApusIR

/// What stands beyond the border.
public enum PaddingMode: Sendable {
  case constant(Double)
  /// The elements mirrored at the outermost one: `3 2 | 1 2 3 | 2 1`.
  case reflect
  /// The outermost element: `1 1 | 1 2 3 | 3 3`.
  case replicate
  /// The elements from the other side: `2 3 | 1 2 3 | 1 2`.
  case circular

  public static var zeros: PaddingMode { .constant(0) }
}

extension Tensor {
  /// With `widths[i]` more elements before and after along axis `i`, one pair for each axis.
  public func padded(_ widths: [(low: Int, high: Int)], _ mode: PaddingMode = .zeros) -> Tensor {
    let isNegative = widths.contains { $0.low < 0 || $0.high < 0 }
    guard
      check(
        widths.count == rank, .argument, "pad",
        "needs one pair of widths for each axis of shape \(shape), got \(widths.count)"),
      check(!isNegative, .argument, "pad", "widths must not be negative", hint: "use slicing to crop.")
    else { return self }
    if case .constant(let value) = mode {
      let padding = Padding(
        low: widths.map(\.low), high: widths.map(\.high),
        value: Scalar.floating(value).converted(to: dtype))
      return Tensor.apply(.pad(padding), [self])
    }
    var result = self
    for (axis, width) in widths.enumerated() where width.low + width.high > 0 {
      result = result.padded(axis, width.low, width.high, mode)
    }
    return result
  }

  private func padded(_ axis: Int, _ low: Int, _ high: Int, _ mode: PaddingMode) -> Tensor {
    let extent = shape[axis]
    let room: Int
    switch mode {
    case .reflect: room = extent - 1
    case .circular: room = extent
    default: room = extent > 0 ? Int.max : 0
    }
    guard
      check(
        Swift.max(low, high) <= room, .argument, "pad",
        "widths \(low) and \(high) are too large for axis \(axis) of shape \(shape)")
    else { return self }
    let before: Tensor
    let after: Tensor
    switch mode {
    case .reflect:
      before = sliced(axis, 1..<(low + 1)).flipped(axes: [axis])
      after = sliced(axis, (extent - 1 - high)..<(extent - 1)).flipped(axes: [axis])
    case .circular:
      before = sliced(axis, (extent - low)..<extent)
      after = sliced(axis, 0..<high)
    default:
      before = sliced(axis, 0..<1).repeated(low, axis: axis)
      after = sliced(axis, (extent - 1)..<extent).repeated(high, axis: axis)
    }
    return Tensor.concatenated([before, self, after], axis: axis)
  }
}
