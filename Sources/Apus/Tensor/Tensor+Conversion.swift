import ApusIR

extension Tensor {
  /// The elements in another dtype: floating to integer truncates toward zero, a number is true
  /// where it is not 0.
  public func to(_ dtype: DType) -> Tensor {
    if let number { return Tensor(Node.constant(number, TensorType(dtype, shape), device: device)) }
    return dtype == self.dtype ? self : Tensor.apply(.cast(dtype), [self])
  }

  /// The value as data on another device. Computes it; gradients do not flow through.
  public func to(device: Device) -> Tensor {
    if device == self.device { return self }
    return Tensor(Node(type, buffer: buffer(), device: device))
  }

  /// The same value, of which gradients see only a constant.
  public var detached: Tensor { Tensor.apply(.stopGradient, [self]) }
}

/// The same value, of which gradients see only a constant.
public func stopGradient(_ x: Tensor) -> Tensor { x.detached }
