// Pooling to given extents as layers, for `Sequential`. Each works for any number of spatial axes.

/// Extents to pool to: one number for all spatial axes, `7`, or one for each, `[7, nil]`, where nil
/// leaves the axis as it is.
public struct PoolExtents: ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, Sendable {
  private let values: [Int?]
  private let isForAll: Bool

  public init(_ values: [Int?]) { (self.values, isForAll) = (values, false) }
  public init(integerLiteral value: Int) { (values, isForAll) = ([value], true) }
  public init(arrayLiteral elements: Int?...) { self.init(elements) }

  func expanded(for x: Tensor) -> [Int?] {
    isForAll ? Array(repeating: values[0], count: Swift.max(x.rank - 2, 0)) : values
  }
}

/// Means over windows chosen so that `[batch, spatial…, channel]` becomes
/// `[batch, extents…, channel]`.
public struct AdaptiveAveragePool: Layer {
  public let extents: PoolExtents
  public init(_ extents: PoolExtents) { self.extents = extents }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    adaptiveAveragePool(x, extents.expanded(for: x))
  }
}

/// Greatest elements of windows chosen so that `[batch, spatial…, channel]` becomes
/// `[batch, extents…, channel]`.
public struct AdaptiveMaxPool: Layer {
  public let extents: PoolExtents
  public init(_ extents: PoolExtents) { self.extents = extents }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    adaptiveMaxPool(x, extents.expanded(for: x))
  }
}
