/// `y = x · weightᵀ + bias` on the last axis: `[…, input]` becomes `[…, output]`.
///
/// Parameters: `weight` `[output, input]`, `bias` `[output]`, both uniform in ±1/√input at first.
public struct Linear: Layer {
  public let weight: Parameter
  public let bias: Parameter?
  private let scope: Scope

  public init(_ scope: Scope, _ input: Int, _ output: Int, bias: Bool = true) {
    self.scope = scope
    let uniform = Initializer.fanInUniform(input)
    weight = scope.parameter("weight", [output, input], uniform)
    self.bias = bias ? scope.parameter("bias", [output], uniform) : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run {
      let product = matmul(x, weight.value.transposed())
      guard let bias else { return product }
      return product + Precision.joined(bias.value, product)
    }
  }
}
