/// A table of vectors: integers of any shape become `[…, features]`. An index outside the table
/// gives zeros.
///
/// Parameter: `weight` `[count, features]`, standard normal at first.
///
/// With `sparse: true` a training step reads and writes only the rows it looks up, whatever the size
/// of the table; the optimizer must be one that updates single rows, such as `SparseAdam`, `Adagrad`
/// or `SGD`. Where the step uses the table in another way too, it is trained as a whole.
public struct Embedding: Layer {
  public let weight: Parameter
  public let isSparse: Bool
  private let scope: Scope

  public init(_ scope: Scope, _ count: Int, _ features: Int, sparse: Bool = false) {
    self.scope = scope
    isSparse = sparse
    weight = scope.parameter("weight", [count, features], .normal())
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run {
      if isSparse, Mode.isTraining, let tracer = Tracer.current {
        return tracer.lookUp(x, in: weight)
      }
      return weight.value.take(x)
    }
  }
}
