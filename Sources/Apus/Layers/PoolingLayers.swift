// Pooling as layers, for `Sequential`; the functions of the same names say what they compute.

public struct MaxPool1D: Layer {
  public let window: PerAxis, stride: PerAxis?, padding: PerAxis, dilation: PerAxis
  public let ceilMode: Bool
  public init(
    _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0, dilation: PerAxis = 1,
    ceilMode: Bool = false
  ) {
    (self.window, self.stride, self.padding) = (window, stride, padding)
    (self.dilation, self.ceilMode) = (dilation, ceilMode)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    maxPool1D(x, window, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }
}

public struct MaxPool2D: Layer {
  public let window: PerAxis, stride: PerAxis?, padding: PerAxis, dilation: PerAxis
  public let ceilMode: Bool
  public init(
    _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0, dilation: PerAxis = 1,
    ceilMode: Bool = false
  ) {
    (self.window, self.stride, self.padding) = (window, stride, padding)
    (self.dilation, self.ceilMode) = (dilation, ceilMode)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    maxPool2D(x, window, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }
}

public struct MaxPool3D: Layer {
  public let window: PerAxis, stride: PerAxis?, padding: PerAxis, dilation: PerAxis
  public let ceilMode: Bool
  public init(
    _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0, dilation: PerAxis = 1,
    ceilMode: Bool = false
  ) {
    (self.window, self.stride, self.padding) = (window, stride, padding)
    (self.dilation, self.ceilMode) = (dilation, ceilMode)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    maxPool3D(x, window, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }
}

public struct AveragePool1D: Layer {
  public let window: PerAxis, stride: PerAxis?, padding: PerAxis
  public let ceilMode: Bool, countsPadding: Bool, divisorOverride: Int?
  public init(
    _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0, ceilMode: Bool = false,
    countsPadding: Bool = true, divisorOverride: Int? = nil
  ) {
    (self.window, self.stride, self.padding) = (window, stride, padding)
    (self.ceilMode, self.countsPadding) = (ceilMode, countsPadding)
    self.divisorOverride = divisorOverride
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    averagePool1D(
      x, window, stride: stride, padding: padding, ceilMode: ceilMode, countsPadding: countsPadding,
      divisorOverride: divisorOverride)
  }
}

public struct AveragePool2D: Layer {
  public let window: PerAxis, stride: PerAxis?, padding: PerAxis
  public let ceilMode: Bool, countsPadding: Bool, divisorOverride: Int?
  public init(
    _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0, ceilMode: Bool = false,
    countsPadding: Bool = true, divisorOverride: Int? = nil
  ) {
    (self.window, self.stride, self.padding) = (window, stride, padding)
    (self.ceilMode, self.countsPadding) = (ceilMode, countsPadding)
    self.divisorOverride = divisorOverride
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    averagePool2D(
      x, window, stride: stride, padding: padding, ceilMode: ceilMode, countsPadding: countsPadding,
      divisorOverride: divisorOverride)
  }
}

public struct AveragePool3D: Layer {
  public let window: PerAxis, stride: PerAxis?, padding: PerAxis
  public let ceilMode: Bool, countsPadding: Bool, divisorOverride: Int?
  public init(
    _ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0, ceilMode: Bool = false,
    countsPadding: Bool = true, divisorOverride: Int? = nil
  ) {
    (self.window, self.stride, self.padding) = (window, stride, padding)
    (self.ceilMode, self.countsPadding) = (ceilMode, countsPadding)
    self.divisorOverride = divisorOverride
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    averagePool3D(
      x, window, stride: stride, padding: padding, ceilMode: ceilMode, countsPadding: countsPadding,
      divisorOverride: divisorOverride)
  }
}

/// The norm of the elements under each window, for any number of spatial axes.
public struct LPPool: Layer {
  public let order: Double, window: PerAxis, stride: PerAxis?, ceilMode: Bool
  public init(order: Double, _ window: PerAxis, stride: PerAxis? = nil, ceilMode: Bool = false) {
    (self.order, self.window, self.stride, self.ceilMode) = (order, window, stride, ceilMode)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    lpPool(x, order: order, window, stride: stride, ceilMode: ceilMode)
  }
}

/// The mean over all spatial axes: `[batch, spatial…, channel]` becomes `[batch, channel]`.
public struct GlobalAveragePool: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { globalAveragePool(x) }
}

/// The greatest element over all spatial axes: `[batch, spatial…, channel]` becomes
/// `[batch, channel]`.
public struct GlobalMaxPool: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { globalMaxPool(x) }
}

/// Greatest elements of windows at random places (Graham, 2014): `[batch, height, width, channel]`
/// becomes `[batch, size…, channel]`; see `fractionalMaxPool2D`.
public struct FractionalMaxPool2D: Layer {
  private let kernel: PerAxis
  private let size: @Sendable (Tensor) -> PerAxis

  public init(_ kernel: PerAxis, size: PerAxis) {
    self.kernel = kernel
    self.size = { _ in size }
  }

  /// - Parameter ratio: of the new extents to the old ones, between 0 and 1.
  public init(_ kernel: PerAxis, ratio: Double) {
    check(
      0 < ratio && ratio < 1, .argument, "FractionalMaxPool2D",
      "the ratio \(ratio) must lie between 0 and 1")
    self.kernel = kernel
    size = { x in PerAxis(x.shape.dropFirst().prefix(2).map { Int(Double($0) * ratio) }) }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { fractionalMaxPool2D(x, kernel, size: size(x)) }
}
