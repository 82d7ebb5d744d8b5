// Layers that only move elements, for `Sequential`.

/// The input as it is.
public struct Identity: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { x }
}

/// Axes `from` through `through` made one: `[batch, …]` becomes `[batch, features]`.
public struct Flatten: Layer {
  public let first: Int, last: Int
  public init(from first: Int = 1, through last: Int = -1) { (self.first, self.last) = (first, last) }
  public func callAsFunction(_ x: Tensor) -> Tensor { x.flattened(from: first, through: last) }
}

/// One axis split into several; one extent may be -1.
public struct Unflatten: Layer {
  public let axis: Int, extents: [Int]
  public init(_ axis: Int, _ extents: [Int]) { (self.axis, self.extents) = (axis, extents) }
  public func callAsFunction(_ x: Tensor) -> Tensor { x.unflattened(axis, extents) }
}

/// `[batch, height, width, channel · factor²]` becomes
/// `[batch, height · factor, width · factor, channel]`.
public struct PixelShuffle: Layer {
  public let factor: Int
  public init(_ factor: Int) { self.factor = factor }
  public func callAsFunction(_ x: Tensor) -> Tensor { pixelShuffle(x, factor) }
}

/// `[batch, height, width, channel]` becomes
/// `[batch, height / factor, width / factor, channel · factor²]`.
public struct PixelUnshuffle: Layer {
  public let factor: Int
  public init(_ factor: Int) { self.factor = factor }
  public func callAsFunction(_ x: Tensor) -> Tensor { pixelUnshuffle(x, factor) }
}

/// The channels of `groups` groups dealt out in turn.
public struct ChannelShuffle: Layer {
  public let groups: Int
  public init(_ groups: Int) { self.groups = groups }
  public func callAsFunction(_ x: Tensor) -> Tensor { channelShuffle(x, groups) }
}

/// `[batch, height, width, channel]` becomes
/// `[batch, window, channel · kernel height · kernel width]`.
public struct Unfold: Layer {
  public let kernel: PerAxis, stride: PerAxis, padding: PerAxis, dilation: PerAxis
  public init(
    _ kernel: PerAxis, stride: PerAxis = 1, padding: PerAxis = 0, dilation: PerAxis = 1
  ) {
    (self.kernel, self.stride, self.padding, self.dilation) = (kernel, stride, padding, dilation)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    unfold(x, kernel, stride: stride, padding: padding, dilation: dilation)
  }
}

/// `[batch, window, channel · kernel height · kernel width]` becomes
/// `[batch, height, width, channel]`.
public struct Fold: Layer {
  public let size: PerAxis, kernel: PerAxis, stride: PerAxis, padding: PerAxis, dilation: PerAxis
  public init(
    size: PerAxis, _ kernel: PerAxis, stride: PerAxis = 1, padding: PerAxis = 0,
    dilation: PerAxis = 1
  ) {
    (self.size, self.kernel, self.stride) = (size, kernel, stride)
    (self.padding, self.dilation) = (padding, dilation)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    fold(x, size: size, kernel, stride: stride, padding: padding, dilation: dilation)
  }
}
