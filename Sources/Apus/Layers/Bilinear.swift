/// `y[k] = a · weight[k] · b + bias[k]`: `[…, first]` and `[…, second]` become `[…, output]`.
///
/// Parameters: `weight` `[output, first, second]`, `bias` `[output]`, both uniform in ±1/√first at
/// first.
public struct Bilinear: Sendable {
  public let weight: Parameter
  public let bias: Parameter?
  private let scope: Scope

  public init(_ scope: Scope, _ first: Int, _ second: Int, _ output: Int, bias: Bool = true) {
    self.scope = scope
    let uniform = Initializer.fanInUniform(first)
    weight = scope.parameter("weight", [output, first, second], uniform)
    self.bias = bias ? scope.parameter("bias", [output], uniform) : nil
  }

  public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    scope.run {
      let product = einsum("...i,oij,...j->...o", a, weight.value, b)
      guard let bias else { return product }
      return product + Precision.joined(bias.value, product)
    }
  }
}
