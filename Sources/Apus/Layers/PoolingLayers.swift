// Pooling as layers, for `Sequential`.

public struct MaxPool1D: Layer {
  public let window: PerAxis, stride: PerAxis?, padding: PerAxis
  public init(_ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0) {
    (self.window, self.stride, self.padding) = (window, stride, padding)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    maxPool1D(x, window, stride: stride, padding: padding)
  }
}

public struct MaxPool2D: Layer {
  public let window: PerAxis, stride: PerAxis?, padding: PerAxis
  public init(_ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0) {
    (self.window, self.stride, self.padding) = (window, stride, padding)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    maxPool2D(x, window, stride: stride, padding: padding)
  }
}

public struct MaxPool3D: Layer {
  public let window: PerAxis, stride: PerAxis?, padding: PerAxis
  public init(_ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0) {
    (self.window, self.stride, self.padding) = (window, stride, padding)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    maxPool3D(x, window, stride: stride, padding: padding)
  }
}

public struct AveragePool1D: Layer {
  public let window: PerAxis, stride: PerAxis?, padding: PerAxis
  public init(_ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0) {
    (self.window, self.stride, self.padding) = (window, stride, padding)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    averagePool1D(x, window, stride: stride, padding: padding)
  }
}

public struct AveragePool2D: Layer {
  public let window: PerAxis, stride: PerAxis?, padding: PerAxis
  public init(_ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0) {
    (self.window, self.stride, self.padding) = (window, stride, padding)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    averagePool2D(x, window, stride: stride, padding: padding)
  }
}

public struct AveragePool3D: Layer {
  public let window: PerAxis, stride: PerAxis?, padding: PerAxis
  public init(_ window: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0) {
    (self.window, self.stride, self.padding) = (window, stride, padding)
  }
  public func callAsFunction(_ x: Tensor) -> Tensor {
    averagePool3D(x, window, stride: stride, padding: padding)
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
