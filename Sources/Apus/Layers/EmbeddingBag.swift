import ApusIR

/// Bags of vectors of a table, each made one vector:
/// `[batch, bag]` integers become `[batch, features]`. Empty bags give zeros.
///
/// Parameter: `weight` `[count, features]`, standard normal at first, zeros at the padding index.
public struct EmbeddingBag: Layer {
  /// How the vectors of a bag become one.
  public enum Reduction: String, CaseIterable, Sendable {
    case sum, mean, max
  }

  public let weight: Parameter
  private let reduction: Reduction
  private let paddingIndex: Int?
  private let maxNorm: Double?
  private let normOrder: Double
  private let includesLastOffset: Bool
  private let scope: Scope

  /// - Parameters:
  ///   - paddingIndex: what is left out of the bags; negative ones count from the end.
  ///   - maxNorm: the norm, of order `normOrder`, that no vector read exceeds; see `Embedding`.
  ///   - includesLastOffset: whether the last offset is the number of indices, not a bag.
  public init(
    _ scope: Scope, _ count: Int, _ features: Int, _ reduction: Reduction = .mean,
    paddingIndex: Int? = nil, maxNorm: Double? = nil, normOrder: Double = 2,
    includesLastOffset: Bool = false
  ) {
    self.scope = scope
    self.reduction = reduction
    self.maxNorm = maxNorm
    self.normOrder = normOrder
    self.includesLastOffset = includesLastOffset
    self.paddingIndex = normalizedPadding(paddingIndex, count, "EmbeddingBag")
    weight = embeddingTable(scope, count, features, self.paddingIndex)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, sampleWeights: nil) }

  /// - Parameters:
  ///   - x: `[batch, bag]` integers.
  ///   - sampleWeights: of the vectors, `[batch, bag]`; for sums only.
  public func callAsFunction(_ x: Tensor, sampleWeights: Tensor?) -> Tensor {
    scope.run {
      guard
        check(x.rank == 2, .shape, "embeddingBag", "shape \(x.shape) is not [batch, bag]"),
        let vectors = vectors(x, sampleWeights)
      else { return .standIn(TensorType(weight.dtype, [x.shape.first ?? 1, weight.shape[1]])) }
      let isMember = isMember(x)
      if reduction == .max { return greatest(vectors, isMember) }
      let kept = isMember.map { Tensor.where($0.expanded(at: -1), vectors, 0) } ?? vectors
      let total = kept.sum(axis: 1)
      if reduction == .sum { return total }
      guard let isMember else { return total / Tensor(Swift.max(x.shape[1], 1)) }
      return total / maximum(isMember.to(total.dtype).sum(axis: 1, keepDims: true), 1)
    }
  }

  /// - Parameters:
  ///   - x: the indices of all bags one after the other, `[total]`.
  ///   - offsets: where each bag begins in them, `[batch]`, ascending from 0.
  ///   - sampleWeights: of the vectors, `[total]`; for sums only.
  public func callAsFunction(
    _ x: Tensor, offsets: Tensor, sampleWeights: Tensor? = nil
  ) -> Tensor {
    scope.run {
      let width = weight.shape[1]
      guard
        check(
          x.rank == 1 && offsets.rank == 1, .shape, "embeddingBag",
          "indices of shape \(x.shape) and offsets of shape \(offsets.shape) are not [total] and "
            + "[batch]"),
        check(
          !includesLastOffset || offsets.shape[0] > 0, .shape, "embeddingBag",
          "there is no last offset to leave out"),
        let vectors = vectors(x, sampleWeights)
      else { return .standIn(TensorType(weight.dtype, [offsets.shape.first ?? 1, width])) }
      let starts = includesLastOffset ? offsets.sliced(0, 0..<(offsets.shape[0] - 1)) : offsets
      let count = starts.shape[0]
      let place = Tensor.index(along: 0, x.shape, device: x.device)
      let bag = (starts.expanded(at: 0) .<= place.expanded(at: 1)).sum(axis: 1) - 1
      if reduction == .max {
        let isInBag = bag.expanded(at: 0) .== Tensor.arange(count).expanded(at: 1)
        let isMember = isMember(x).map { isInBag & $0.expanded(at: 0) } ?? isInBag
        return greatest(vectors.expanded(at: 0), isMember)
      }
      // An index outside of the bags drops what is left out.
      let chosen = isMember(x).map { Tensor.where($0, bag, -1) } ?? bag
      let total = Tensor.zeros([count, width], dtype: vectors.dtype).putAdd(chosen, vectors)
      if reduction == .sum { return total }
      let ones = Tensor.ones(x.shape, dtype: vectors.dtype)
      let counts = Tensor.zeros([count], dtype: vectors.dtype).putAdd(chosen, ones)
      return total / maximum(counts, 1).expanded(at: 1)
    }
  }

  private func vectors(_ x: Tensor, _ sampleWeights: Tensor?) -> Tensor? {
    let vectors = limited(weight.value.take(x), maxNorm, normOrder)
    guard let sampleWeights else { return vectors }
    guard
      check(
        reduction == .sum, .argument, "embeddingBag",
        "weights of samples are for sums, not for \(reduction.rawValue)"),
      check(
        sampleWeights.shape == x.shape, .shape, "embeddingBag",
        "weights of shape \(sampleWeights.shape) do not belong to indices of shape \(x.shape)")
    else { return nil }
    return vectors * sampleWeights.expanded(at: -1)
  }

  private func isMember(_ x: Tensor) -> Tensor? { paddingIndex.map { x .!= Tensor($0) } }

  /// The greatest of each feature over axis 1, of `[batch, bag]` members; of equals the first.
  private func greatest(_ vectors: Tensor, _ isMember: Tensor?) -> Tensor {
    let hidden = isMember.map {
      Tensor.where($0.expanded(at: -1), vectors, Tensor(-Double.infinity))
    }
    let candidates = hidden ?? vectors
    if candidates.shape[1] == 0 { return candidates.sum(axis: 1) }
    let first = candidates.detached.argMax(axis: 1, keepDims: true)
    let found = candidates.gather(first, axis: 1).squeezed(1)
    guard let isMember else { return found }
    return Tensor.where(isMember.any(axis: 1, keepDims: true), found, 0)
  }
}
