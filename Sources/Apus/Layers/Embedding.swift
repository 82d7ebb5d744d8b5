import ApusIR

/// A table of vectors: integers of any shape become `[…, features]`. An index outside the table
/// gives zeros.
///
/// Parameter: `weight` `[count, features]`, standard normal at first, zeros at the padding index.
///
/// With `sparse: true` a training step reads and writes only the rows it looks up, whatever the size
/// of the table; the optimizer must be one that updates single rows, such as `SparseAdam`, `Adagrad`
/// or `SGD`. Where the step uses the table in another way too, it is trained as a whole.
public struct Embedding: Layer {
  public let weight: Parameter
  public let isSparse: Bool
  private let paddingIndex: Int?
  private let maxNorm: Double?
  private let normOrder: Double
  private let scope: Scope

  /// - Parameters:
  ///   - paddingIndex: whose vector no gradient changes; negative ones count from the end.
  ///   - maxNorm: the norm, of order `normOrder`, that no vector read exceeds. PyTorch shortens them
  ///     in the table; here the table keeps them, and gradients are as if they were short.
  public init(
    _ scope: Scope, _ count: Int, _ features: Int, paddingIndex: Int? = nil,
    maxNorm: Double? = nil, normOrder: Double = 2, sparse: Bool = false
  ) {
    self.scope = scope
    self.maxNorm = maxNorm
    self.normOrder = normOrder
    isSparse = sparse
    self.paddingIndex = normalizedPadding(paddingIndex, count, "Embedding")
    weight = embeddingTable(scope, count, features, self.paddingIndex)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run {
      let vectors = limited(rows(x), maxNorm, normOrder)
      guard let paddingIndex else { return vectors }
      return Tensor.where((x .== Tensor(paddingIndex)).expanded(at: -1), vectors.detached, vectors)
    }
  }

  private func rows(_ x: Tensor) -> Tensor {
    if isSparse, Mode.isTraining, let tracer = Tracer.current {
      return tracer.lookUp(x, in: weight)
    }
    return weight.value.take(x)
  }
}

/// Standard normal vectors, zeros at the padding index.
func embeddingTable(
  _ scope: Scope, _ count: Int, _ features: Int, _ paddingIndex: Int?
) -> Parameter {
  guard let paddingIndex else { return scope.parameter("weight", [count, features], .normal()) }
  let table = Initializer { shape, dtype, key in
    let isPadding = Tensor.arange(count).expanded(at: 1) .== Tensor(paddingIndex)
    return Tensor.where(isPadding, 0, Tensor.normal(shape, dtype: dtype, key: key))
  }
  return scope.parameter("weight", [count, features], table)
}

func normalizedPadding(_ index: Int?, _ count: Int, _ operation: String) -> Int? {
  guard let index else { return nil }
  let place = index < 0 ? index + count : index
  check(
    place >= 0 && place < count, .index, operation,
    "the padding index \(index) is out of range for \(count) vectors")
  return place
}

/// The vectors along the last axis, the long ones shortened. The gradient is that of the short ones.
func limited(_ vectors: Tensor, _ maxNorm: Double?, _ order: Double) -> Tensor {
  guard let maxNorm else { return vectors }
  let fixed = vectors.detached
  let norms = fixed.norm(order, axis: -1, keepDims: true)
  let factors = Tensor(maxNorm) / (norms + 1e-7)
  let short = Tensor.where(norms .> Tensor(maxNorm), fixed * factors, fixed)
  return vectors + (short - fixed).detached
}
