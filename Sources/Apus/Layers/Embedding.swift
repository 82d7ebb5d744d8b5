/// A table of vectors: integers of any shape become `[…, features]`. An index outside the table
/// gives zeros.
///
/// Parameter: `weight` `[count, features]`, standard normal at first.
public struct Embedding: Layer {
  public let weight: Parameter
  private let scope: Scope

  public init(_ scope: Scope, _ count: Int, _ features: Int) {
    self.scope = scope
    weight = scope.parameter("weight", [count, features], .normal())
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run { weight.value.take(x) }
  }
}
