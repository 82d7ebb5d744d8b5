/// An optimizer whose gradients are first scaled down together so that their common norm is at most
/// `norm` (Pascanu et al., 2013; PyTorch's `clip_grad_norm_`).
public struct ClippingGradients<Base: Optimizer>: Optimizer {
  public let norm: Double
  public let base: Base

  public init(norm: Double, _ base: Base) {
    self.norm = norm
    self.base = base
  }

  public var learningRate: Schedule { base.learningRate }
  public func numbers(step: Int) -> [Double] { base.numbers(step: step) }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    base.initialState(of: parameter)
  }

  public func prepared(gradients: [Tensor]) -> [Tensor] {
    let squares = gradients.map { gradient in
      let wide = gradient.to(gradient.dtype.accumulator)
      return (wide * wide).sum()
    }
    guard let first = squares.first else { return gradients }
    let total = sqrt(squares.dropFirst().reduce(first) { $0 + $1 })
    let factor = minimum(Tensor(norm) / (total + 1e-6), 1)
    return base.prepared(gradients: gradients.map { $0 * factor.to($0.dtype) })
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    base.updated(parameter, gradient: gradient, state: state, numbers: numbers)
  }
}
