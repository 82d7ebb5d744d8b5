// Padding of the spatial axes as layers, for `Sequential`. Each works for any number of spatial axes:
// `[batch, spatial…, channel]`.

/// How many elements to add around spatial axes: one number for all sides, `1`, or for each axis in
/// order how many before and after, `[(1, 1), (0, 2)]`. PyTorch lists the last axis first.
public struct PadWidths: ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, Sendable {
  private let values: [(low: Int, high: Int)]
  private let isForAll: Bool

  public init(_ value: Int) { (values, isForAll) = ([(value, value)], true) }
  public init(_ values: [(low: Int, high: Int)]) { (self.values, isForAll) = (values, false) }
  public init(integerLiteral value: Int) { self.init(value) }
  public init(arrayLiteral elements: (low: Int, high: Int)...) { self.init(elements) }

  func expanded(_ rank: Int) -> [(low: Int, high: Int)] {
    isForAll ? Array(repeating: values[0], count: Swift.max(rank, 0)) : values
  }
}

/// `x` `[batch, spatial…, channel]` with more elements around its spatial axes.
func paddedSpatially(
  _ x: Tensor, _ widths: [(low: Int, high: Int)], _ mode: PaddingMode, _ operation: String
) -> Tensor {
  guard
    check(
      x.rank == widths.count + 2, .shape, operation,
      "shape \(x.shape) has not the \(widths.count) spatial axes of the padding",
      hint: "activations are channels-last, [batch, spatial…, channel].")
  else { return x }
  return x.padded([(0, 0)] + widths + [(0, 0)], mode)
}

/// Zeros around the spatial axes (`ZeroPad1d` to `ZeroPad3d`).
public struct ZeroPad: Layer {
  public let widths: PadWidths
  public init(_ widths: PadWidths) { self.widths = widths }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    paddedSpatially(x, widths.expanded(x.rank - 2), .zeros, "ZeroPad")
  }
}

/// One number around the spatial axes (`ConstantPad1d` to `ConstantPad3d`).
public struct ConstantPad: Layer {
  public let widths: PadWidths, value: Double
  public init(_ widths: PadWidths, _ value: Double) { (self.widths, self.value) = (widths, value) }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    paddedSpatially(x, widths.expanded(x.rank - 2), .constant(value), "ConstantPad")
  }
}

/// The elements mirrored at the outermost one: `3 2 | 1 2 3 | 2 1`.
public struct ReflectionPad: Layer {
  public let widths: PadWidths
  public init(_ widths: PadWidths) { self.widths = widths }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    paddedSpatially(x, widths.expanded(x.rank - 2), .reflect, "ReflectionPad")
  }
}

/// The outermost element again: `1 1 | 1 2 3 | 3 3`.
public struct ReplicationPad: Layer {
  public let widths: PadWidths
  public init(_ widths: PadWidths) { self.widths = widths }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    paddedSpatially(x, widths.expanded(x.rank - 2), .replicate, "ReplicationPad")
  }
}

/// The elements from the other side: `2 3 | 1 2 3 | 1 2`.
public struct CircularPad: Layer {
  public let widths: PadWidths
  public init(_ widths: PadWidths) { self.widths = widths }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    paddedSpatially(x, widths.expanded(x.rank - 2), .circular, "CircularPad")
  }
}
