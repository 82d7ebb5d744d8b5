import ApusIR

/// Mixed precision: products and convolutions of f32 tensors computed on copies in a 16-bit dtype.
///
/// Parameters stay f32, so updates that are small next to them are not lost; so do softmax,
/// normalisations, losses, and gradients when the optimizer sees them. What lies between, an
/// activation function or a pooling, keeps the dtype of what it is given.
public enum Precision {
  @TaskLocal static var current: DType?

  /// The dtype in which products are computed; nil where it is that of their operands.
  public static var products: DType? { current }

  /// The dtype of a product of operands that meet in `dtype`.
  static func product(of dtype: DType) -> DType { dtype == .f32 ? current ?? dtype : dtype }

  /// A parameter that is added to a product: in its dtype, where precision is mixed.
  static func joined(_ parameter: Tensor, _ product: Tensor) -> Tensor {
    current == nil ? parameter : parameter.to(product.dtype)
  }
}

/// Runs `body` in mixed precision, as PyTorch's `autocast` does: products and convolutions of f32
/// tensors are computed in `dtype`, `.bf16` for instance, and have it. With nil each operation has the
/// dtype of its operands again.
public func withPrecision<Result>(
  _ dtype: DType?, _ body: () throws -> Result
) rethrows -> Result {
  precondition(dtype?.isFloating ?? true, "Products are computed in a floating dtype, not in \(dtype!).")
  return try Precision.$current.withValue(dtype, operation: body)
}
