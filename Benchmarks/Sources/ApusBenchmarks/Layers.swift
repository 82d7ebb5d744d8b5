import Apus

extension Linear {
  /// The layer in the dtype of its input, with weights that stay f32.
  func mixed(_ x: Tensor) -> Tensor {
    let product = matmul(x, weight.value.to(x.dtype).transposed())
    guard let bias else { return product }
    return product + bias.value.to(x.dtype)
  }
}
