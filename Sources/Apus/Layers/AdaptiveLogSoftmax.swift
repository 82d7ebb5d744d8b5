import ApusIR

/// Log-probabilities of many classes in order of falling frequency: frequent ones have an output of
/// their own in the head, the others share one for each cluster, whose inner layer is the narrower the
/// rarer its classes (Grave et al., 2017; PyTorch's `AdaptiveLogSoftmaxWithLoss`).
///
/// `[…, feature]` becomes log-probabilities `[…, class]`; every cluster is computed for every example. The
/// loss is `nllLoss(layer(x), labels)`. Parameters: `head.weight`
/// `[first cutoff + clusters, features]`, `head.bias` where asked for, and of each cluster
/// `tail.<index>.0.weight` `[inner, features]` and `tail.<index>.1.weight` `[classes, inner]`.
public struct AdaptiveLogSoftmaxWithLoss: Layer {
  public let classes: Int
  /// Where the clusters begin, and the number of classes.
  public let cutoffs: [Int]
  private let head: Linear
  private let tail: [Sequential]
  private let scope: Scope

  /// - Parameters:
  ///   - cutoffs: the first class of each cluster, rising.
  ///   - divisor: the inner layer of cluster i has features / divisor^(i + 1) features.
  public init(
    _ scope: Scope, _ features: Int, _ classes: Int, cutoffs: [Int], divisor: Double = 4,
    headBias: Bool = false
  ) {
    let bounds = cutoffs + [classes]
    let isRising = !cutoffs.isEmpty && bounds[0] > 0 && zip(bounds, bounds.dropFirst()).allSatisfy(<)
    check(
      isRising, .argument, "AdaptiveLogSoftmaxWithLoss",
      "the cutoffs \(cutoffs) must rise from above 0 to below the \(classes) classes")
    self.scope = scope
    self.classes = classes
    self.cutoffs = isRising ? bounds : [classes]
    let sizes = zip(self.cutoffs, self.cutoffs.dropFirst()).map { $1 - $0 }
    head = Linear(scope / "head", features, self.cutoffs[0] + sizes.count, bias: headBias)
    tail = sizes.indices.map { index in
      let share = Double(index + 1)
      let inner = Swift.max(1, Int(Double(features) / divisor.raised(to: share)))
      return Sequential(
        scope / "tail" / index, { Linear($0, features, inner, bias: false) },
        { Linear($0, inner, sizes[index], bias: false) })
    }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    scope.run {
      let first = logSoftmax(head(x))
      var parts = [first[.ellipsis, 0..<cutoffs[0]]]
      for (index, cluster) in tail.enumerated() {
        let place = cutoffs[0] + index
        parts.append(logSoftmax(cluster(x)) + first[.ellipsis, place..<(place + 1)])
      }
      return concatenate(parts, axis: -1)
    }
  }

  /// The most likely class of each example, `i64[…]`.
  public func predict(_ x: Tensor) -> Tensor { self(x).argMax(axis: -1) }
}
