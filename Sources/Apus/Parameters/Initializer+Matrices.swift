import ApusIR

// First values with a structure.

extension Initializer {
  /// Ones on the diagonal of `[output, input]`: inputs pass unchanged.
  public static let eye = Initializer { shape, dtype, _ in
    guard isMatrix(shape, "eye") else { return .zeros(shape, dtype: dtype) }
    return .eye(shape[0], shape[1], dtype: dtype)
  }

  /// Ones in the middle of kernels `[output, input, spatial…]` from each channel to itself, in each
  /// of `groups` groups of output channels: a convolution passes its inputs unchanged.
  public static func dirac(groups: Int = 1) -> Initializer {
    Initializer { shape, dtype, _ in
      guard
        check(
          shape.rank >= 3 && groups > 0 && shape[0] % groups == 0, .shape, "dirac",
          "shape \(shape) is no kernel [output, input, spatial…] of \(groups) groups")
      else { return .zeros(shape, dtype: dtype) }
      let inner = shape[0] / groups
      let kernel = shape.dropFirst(2)
      let middle = kernel.reduce(0) { $0 * $1 + $1 / 2 }
      let diagonal = Tensor.eye(inner, shape[1], dtype: dtype).tiled([groups, 1])
      let place = Tensor.arange(kernel.reduce(1, *)) .== Tensor(middle)
      return (diagonal.expanded(at: 2) * place.to(dtype)).reshaped(shape)
    }
  }

  /// Orthonormal rows or columns, whichever are fewer, times `gain`, of a weight
  /// `[output, …]` seen as a matrix (Saxe et al., 2013).
  public static func orthogonal(gain: Double = 1) -> Initializer {
    Initializer { shape, dtype, key in
      guard
        check(shape.rank >= 2, .shape, "orthogonal", "shape \(shape) is no matrix")
      else { return .zeros(shape, dtype: dtype) }
      if shape.elementCount == 0 { return .zeros(shape, dtype: dtype) }
      let (rows, columns) = (shape[0], shape.elementCount / shape[0])
      let size: Shape = [Swift.max(rows, columns), Swift.min(rows, columns)]
      let (q, r) = qr(.normal(size, dtype: dtype.accumulator, key: key))
      // All orthogonal matrices equally likely (Mezzadri, 2007).
      let signs = Tensor.where(r.diagonal() .< 0, -1, r.diagonal().onesLike())
      let tall = q * signs
      let wide = rows < columns ? tall.transposed() : tall
      return (wide * Tensor(gain)).reshaped(shape).to(dtype)
    }
  }

  /// Normal with deviation `std`, but in each column of `[output, input]` the share `sparsity` of
  /// elements zero (Martens, 2010).
  public static func sparse(_ sparsity: Double, std: Double = 0.01) -> Initializer {
    Initializer { shape, dtype, key in
      guard
        isMatrix(shape, "sparse"),
        check(
          (0...1).contains(sparsity), .argument, "sparse",
          "the sparsity must be from 0 to 1, got \(sparsity)")
      else { return .zeros(shape, dtype: dtype) }
      let keys = key.split()
      let count = Int((sparsity * Double(shape[0])).rounded(.up))
      let order = Tensor.uniform(shape, key: keys[0]).argSort(axis: 0)
      let isZero = order.argSort(axis: 0) .< Tensor(count)
      return Tensor.where(isZero, 0, .normal(shape, std: std, dtype: dtype, key: keys[1]))
    }
  }
}

private func isMatrix(_ shape: Shape, _ operation: String) -> Bool {
  check(shape.rank == 2, .shape, operation, "shape \(shape) is no matrix [output, input]")
}
