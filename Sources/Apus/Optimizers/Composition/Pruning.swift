import ApusIR

/// What pruning takes away from a weight `[output, input, kernel…]`.
public enum Pruning: Sendable {
  /// The elements of least magnitude, in each parameter by itself (`l1_unstructured`).
  case magnitude
  /// The elements of least magnitude among all parameters (`global_unstructured`).
  case globalMagnitude
  /// Whole slices along an axis, those of the least norm (`ln_structured`): of axis 0, neurons and
  /// channels.
  case structured(axis: Int = 0, norm: Double = 2)
}

/// Masks that keep pruned weights at 0, as buffers `<path>_mask` of ones and zeros beside the
/// parameters, as in PyTorch's `torch.nn.utils.prune`.
///
/// ```swift
/// let pruner = Pruner(store, .magnitude, matching: "*.weight")
/// let step = Step(model, AdamW().masked(by: pruner)) { … }
/// let sparsity = Schedule.cubicSparsity(to: 0.8, from: 100, until: 1_000)
/// … if step.count % 100 == 0 { try pruner.prune(to: sparsity(step.count)) }
/// ```
public final class Pruner: Sendable {
  public let method: Pruning
  /// The parameters and their masks.
  let pairs: [(parameter: Parameter, mask: Parameter)]

  /// - Parameters:
  ///   - store: what gets the masks, all ones at first. Make them before loading a checkpoint that has
  ///     some.
  ///   - pattern: which trainable parameters, as in `ParameterGroup`.
  public init(_ store: ParameterStore, _ method: Pruning, matching pattern: String = "*.weight") {
    self.method = method
    let group = ParameterGroup(pattern, SGD())
    let chosen = store.trainable.filter { group.contains($0.path) }
    check(
      !chosen.isEmpty, .argument, "Pruner", "no trainable parameter matches \(pattern)")
    pairs = chosen.map { parameter in
      let mask = store.scope.buffer(
        parameter.path + "_mask", parameter.shape, .ones, dtype: parameter.dtype)
      return (parameter, mask)
    }
  }

  /// The share of elements that are pruned.
  public var sparsity: Double {
    let kept = pairs.reduce(0.0) { $0 + $1.mask.value.to(.f64).sum().item }
    let all = pairs.reduce(0) { $0 + $1.mask.shape.elementCount }
    return all == 0 ? 0 : 1 - kept / Double(all)
  }

  /// Prunes until the share `sparsity` is gone, rounded to whole elements or slices as in PyTorch, and
  /// sets the pruned weights to 0. What is pruned already stays so.
  ///
  /// - Throws: `TensorError` where `sparsity` is no share or an axis does not exist.
  public func prune(to sparsity: Double) throws {
    guard (0...1).contains(sparsity) else {
      throw TensorError(
        .argument, operation: "prune", "the sparsity \(sparsity) must lie in 0...1")
    }
    let masks = try withTensorErrors { newMasks(sparsity) }
    try eval(masks)
    for (pair, mask) in zip(pairs, masks) {
      pair.mask.value = mask
      // Not 0 · weight, which would keep what is not finite.
      pair.parameter.value = try Tensor.where(mask .== 0, 0, pair.parameter.value).evaluated()
    }
  }

  private func newMasks(_ sparsity: Double) -> [Tensor] {
    // Pruned elements are the least of all, so they are among the next ones.
    let sizes = pairs.map { pair in
      Tensor.where(pair.mask.value .== 0, -1, abs(pair.parameter.value))
    }
    switch method {
    case .magnitude:
      return sizes.map { Pruner.mask($0.flattened(), sparsity).reshaped($0.shape).to($0.dtype) }
    case .globalMagnitude:
      let all = Pruner.mask(concatenate(sizes.map { $0.flattened().to(.f32) }, axis: 0), sparsity)
      var start = 0
      return sizes.map { size in
        defer { start += size.elementCount }
        return all[start..<(start + size.elementCount)].reshaped(size.shape).to(size.dtype)
      }
    case .structured(let axis, let norm):
      return pairs.map { pair in
        let weight = pair.parameter.value * pair.mask.value
        let place = axis < 0 ? axis + weight.rank : axis
        guard
          check(
            (0..<weight.rank).contains(place), .argument, "prune",
            "\(pair.parameter.path) of shape \(weight.shape) has no axis \(axis)")
        else { return pair.mask.value }
        let others = weight.shape.indices.filter { $0 != place }
        let lengths = others.isEmpty ? abs(weight) : weight.norm(norm, axes: others)
        var shape = weight.shape.map { _ in 1 }
        shape[place] = weight.shape[place]
        let mask = Pruner.mask(lengths, sparsity).reshaped(Shape(shape))
        return mask.to(weight.dtype) * pair.mask.value
      }
    }
  }

  /// 0 at the least of `sizes` `[count]`, 1 elsewhere.
  private static func mask(_ sizes: Tensor, _ sparsity: Double) -> Tensor {
    let count = sizes.elementCount
    let pruned = Int((sparsity * Double(count)).rounded(.toNearestOrEven))
    let least = sizes.argSort(axis: 0)[..<pruned]
    return Tensor.ones([count], dtype: .f32).put(least, Tensor.zeros([pruned]))
  }
}

/// An optimizer whose pruned weights stay 0; made by `masked`.
public struct MaskedOptimizer: OptimizerWrapper {
  public let base: any Optimizer
  private let masks: [String: Parameter]

  init(_ pruner: Pruner, _ base: any Optimizer) {
    self.base = base
    masks = Dictionary(uniqueKeysWithValues: pruner.pairs.map { ($0.parameter.path, $0.mask) })
  }

  /// Gradients of pruned weights are 0 too, so that the norm of all is that of the others.
  public func updated(
    _ parameters: [TrainedParameter], numbers: [Tensor], step: Int
  ) -> [TrainedParameter] {
    var masked = parameters
    for (index, parameter) in parameters.enumerated() {
      if let mask = masks[parameter.path] { masked[index].gradient = parameter.gradient * mask.value }
    }
    var result = base.updated(masked, numbers: numbers, step: step)
    for (index, old) in masked.enumerated() where result[index].value.node !== old.value.node {
      if let mask = masks[old.path] { result[index].value = result[index].value * mask.value }
    }
    return result
  }

  public func updatesRows(of path: String) -> Bool {
    masks[path] == nil && base.updatesRows(of: path)
  }
}

extension Optimizer {
  /// This optimizer with the weights that `pruner` prunes, now and later, kept at 0.
  public func masked(by pruner: Pruner) -> MaskedOptimizer { MaskedOptimizer(pruner, self) }
}

extension Schedule {
  /// A share of pruned weights that grows from `initial` at step `start` to `final` at step `end`,
  /// fast at first (Zhu and Gupta, 2017).
  public static func cubicSparsity(
    to final: Double, from start: Int, until end: Int, initial: Double = 0
  ) -> Schedule {
    Schedule { step in
      let progress = Double(step - start) / Double(Swift.max(end - start, 1))
      let left = 1 - Swift.min(Swift.max(progress, 0), 1)
      return final + (initial - final) * left * left * left
    }
  }
}
