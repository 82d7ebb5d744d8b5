import Apus

// Layers applied in the dtype of their input: the master weights stay f32, the arithmetic is what
// the activations are. In f32 they equal the layers themselves.

extension Linear {
  func mixed(_ x: Tensor) -> Tensor {
    let product = matmul(x, weight.value.to(x.dtype).transposed())
    guard let bias else { return product }
    return product + bias.value.to(x.dtype)
  }
}

extension Conv2D {
  func mixed(_ x: Tensor, stride: PerAxis = 1, padding: ConvolutionPadding = .valid) -> Tensor {
    let result = convolution(x, weight.value.to(x.dtype), stride: stride, padding: padding)
    guard let bias else { return result }
    return result + bias.value.to(x.dtype)
  }
}

extension LayerNorm {
  func mixed(_ x: Tensor) -> Tensor { self(x).to(x.dtype) }
}

extension BatchNorm {
  func mixed(_ x: Tensor) -> Tensor { self(x).to(x.dtype) }
}
