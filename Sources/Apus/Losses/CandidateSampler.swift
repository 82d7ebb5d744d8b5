#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import ApusIR

/// Draws classes to stand for all wrong ones in `sampledSoftmaxLoss` and `noiseContrastiveLoss`. Time and
/// memory of a draw do not depend on the number of classes, unless it is without replacement.
public struct CandidateSampler: Sendable {
  public let classes: Int
  private let distribution: Distribution

  private enum Distribution {
    case uniform, logUniform
    /// Of each class its probability, and Walker's alias table.
    case table(probabilities: Tensor, keep: Tensor, alias: Tensor)
  }

  /// All classes are equally likely.
  public static func uniform(classes: Int) -> CandidateSampler {
    CandidateSampler(classes: classes, distribution: .uniform)
  }

  /// Class c has probability log((c + 2) / (c + 1)) / log(classes + 1): right for a vocabulary in order of
  /// falling frequency (Zipf's law; TensorFlow's `log_uniform_candidate_sampler`).
  public static func logUniform(classes: Int) -> CandidateSampler {
    CandidateSampler(classes: classes, distribution: .logUniform)
  }

  /// Probabilities in proportion to counts to the power `power`; 0.75 is word2vec's (Mikolov et al., 2013).
  /// A class of count 0 is never drawn and must not be a label.
  public static func unigram(counts: [Double], power: Double = 0.75) -> CandidateSampler {
    let weights = counts.map { $0 > 0 ? pow($0, power) : 0 }
    let total = weights.reduce(0, +)
    let isUsable = total > 0 && total.isFinite && counts.allSatisfy { $0 >= 0 }
    guard
      check(
        isUsable, .argument, "CandidateSampler.unigram",
        "counts must be finite, not negative and not all 0")
    else { return .uniform(classes: Swift.max(1, counts.count)) }
    let table = aliasTable(weights.map { $0 / total })
    return CandidateSampler(
      classes: counts.count,
      distribution: .table(
        probabilities: Tensor(weights.map { $0 / total }, dtype: .f32),
        keep: Tensor(table.keep, dtype: .f32), alias: Tensor(table.alias, dtype: .i64)))
  }

  private init(classes: Int, distribution: Distribution) {
    check(
      classes > 0, .argument, "CandidateSampler", "needs at least one class, got \(classes)")
    self.classes = classes
    self.distribution = distribution
  }

  /// The probability of each class of `ids`, f32 of the same shape.
  public func probability(of ids: Tensor) -> Tensor {
    switch distribution {
    case .uniform: return ids.filledLike(1 / Double(classes), dtype: .f32)
    case .logUniform:
      let rank = ids.to(.f32) + 1
      return log1p(1 / rank) * Tensor(1 / log(Double(classes) + 1))
    case .table(let probabilities, _, _): return probabilities.take(ids)
    }
  }

  /// `count` classes; without a key from the generator of the step, as all random tensors.
  ///
  /// - Parameter unique: whether each is drawn once at most: as TensorFlow's `unique=True`, again and
  ///   again until there are `count` different ones.
  public func callAsFunction(_ count: Int, unique: Bool = false, key: RandomKey? = nil) -> Candidates {
    guard unique else { return Candidates(draw(count, key), from: self) }
    guard
      check(
        0 < count && count <= classes, .argument, "CandidateSampler",
        "cannot draw \(count) different ones of \(classes) classes")
    else { return Candidates(.zeros([count], dtype: .i64), from: self) }
    let keys = key?.split(2)
    let all = probability(of: Tensor.arange(classes)).to(.f64)
    // The greatest of log p + Gumbel noise, in order, are distributed as what is drawn in order.
    let exponential = -log1p(-Tensor.uniform([classes], dtype: .f64, key: keys?[0]))
    let ids = (exponential / all).argSort(axis: 0)[..<count].to(.i64)
    // How often it took until the next new one follows from the chance that it was an old one.
    let isOld = all.take(ids).cumsum(axis: 0)[..<(count - 1)]
    let uniform = Tensor.uniform([count - 1], dtype: .f64, key: keys?[1])
    let tries = floor(log1p(-uniform) / log(minimum(isOld, 1 - 1e-15))) + 1
    return Candidates(ids, from: self, tries: tries.sum() + 1)
  }

  private func draw(_ count: Int, _ key: RandomKey?) -> Tensor {
    switch distribution {
    case .uniform: return .randomIntegers([count], in: 0..<classes, key: key)
    case .logUniform:
      let fraction = Tensor.uniform([count], dtype: .f64, key: key)
      let rank = exp(fraction * Tensor(log(Double(classes) + 1)))
      return clamp(rank.to(.i64) - 1, 0, Tensor(classes - 1))
    case .table(_, let keep, let alias):
      // The whole part of one number chooses the column, its fraction the half of it.
      let place = Tensor.uniform([count], high: Double(classes), dtype: .f64, key: key)
      let column = minimum(place.to(.i64), Tensor(classes - 1))
      let fraction = (place - column.to(.f64)).to(.f32)
      return Tensor.where(fraction .< keep.take(column), column, alias.take(column))
    }
  }

  /// Walker's method: each column holds its own class up to `keep`, another one beyond (Vose, 1991).
  private static func aliasTable(_ probabilities: [Double]) -> (keep: [Double], alias: [Int]) {
    let count = probabilities.count
    var scaled = probabilities.map { $0 * Double(count) }
    var keep = [Double](repeating: 1, count: count)
    var alias = Array(0..<count)
    var small = scaled.indices.filter { scaled[$0] < 1 }
    var large = scaled.indices.filter { scaled[$0] >= 1 }
    while let low = small.popLast(), let high = large.last {
      keep[low] = scaled[low]
      alias[low] = high
      scaled[high] -= 1 - scaled[low]
      if scaled[high] < 1 { small.append(large.removeLast()) }
    }
    return (keep, alias)
  }
}

/// Classes that were drawn, with how often each was to be expected.
public struct Candidates: Sendable {
  /// i64 `[sampled]`, some perhaps more than once unless they were drawn without replacement.
  public let ids: Tensor
  private let sampler: CandidateSampler
  /// Nil with replacement.
  private let tries: Tensor?

  /// Classes drawn elsewhere, integers `[sampled]`, from the distribution of `sampler`.
  ///
  /// - Parameter tries: without replacement, how often it was drawn until they were all different, a
  ///   scalar; nil with replacement.
  public init(_ ids: Tensor, from sampler: CandidateSampler, tries: Tensor? = nil) {
    check(
      ids.rank == 1 && ids.dtype.isInteger, .shape, "Candidates",
      "needs integers [sampled], got \(ids.dtype)\(ids.shape)")
    (self.ids, self.sampler, self.tries) = (ids, sampler, tries)
  }

  /// How many there are to choose from.
  public var classes: Int { sampler.classes }

  /// How often the draw is expected to have each of `classes`; without replacement the probability that
  /// it does, as TensorFlow has it.
  public func expectedCount(of classes: Tensor) -> Tensor {
    let probability = sampler.probability(of: classes)
    guard let tries else { return probability * Tensor(ids.elementCount) }
    return -expm1(log1p(-probability) * tries.to(.f32))
  }
}
