import ApusIR

/// What a mixture of experts gives.
public struct MixtureResult: TensorStructure {
  /// `[…, width]`
  public var output: Tensor
  /// To be added, with a small factor, to the loss: 1 where all experts get the same share of the
  /// tokens, up to their number where one gets all (Fedus et al., 2021).
  public var loadBalancingLoss: Tensor
  /// The share of the choices that fell on each expert, `[expert]`.
  public var load: Tensor

  public init(output: Tensor, loadBalancingLoss: Tensor, load: Tensor) {
    self.output = output
    self.loadBalancingLoss = loadBalancingLoss
    self.load = load
  }

  public var tensors: [Tensor] { [output, loadBalancingLoss, load] }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> MixtureResult {
    MixtureResult(
      output: tensors.removeFirst(), loadBalancingLoss: tensors.removeFirst(),
      load: tensors.removeFirst())
  }
}

/// Experts of which each token uses the few that a gate chooses (Shazeer et al., 2017; GShard, Lepikhin
/// et al., 2020; Mixtral, Jiang et al., 2024): `[…, width]` becomes `[…, output of the experts]`.
///
/// Without a capacity every expert computes every token and the gate's weights, most of them zero,
/// make the sum: exact, but it costs experts / choices times the arithmetic that is needed. With one
/// each expert computes `capacity · choices · tokens / experts` places; tokens beyond that, counted in
/// order, get nothing from it.
///
/// Parameters: `gate.weight` `[experts, width]`, uniform in ±1/√width at first, and those of the
/// experts, `experts.0.*` ….
public struct MixtureOfExperts: Layer {
  public let experts: [any Layer]
  public let choices: Int
  public let capacity: Double?
  private let normalizes: Bool
  private let gate: Linear
  private let width: Int
  private let scope: Scope

  /// - Parameters:
  ///   - choices: how many experts a token uses.
  ///   - capacity: how many times its equal share of the tokens an expert can take; all where nil.
  ///   - normalizes: whether the weights of the chosen experts are made to add up to 1, as in Mixtral.
  ///     For one choice it must be false, or the gate would not learn (Switch).
  ///   - expert: makes one expert, a function of `[token, width]`.
  public init(
    _ scope: Scope, _ width: Int, experts: Int, choices: Int = 2, capacity: Double? = nil,
    normalizes: Bool? = nil, expert: (Scope) -> any Layer
  ) {
    check(
      experts > 0 && (1...Swift.max(experts, 1)).contains(choices), .argument, "MixtureOfExperts",
      "a token cannot use \(choices) of \(experts) experts")
    check(
      capacity.map { $0 > 0 } ?? true, .argument, "MixtureOfExperts",
      "the capacity must be positive, got \(capacity ?? 0)")
    self.scope = scope
    self.width = width
    self.choices = Swift.min(Swift.max(choices, 1), Swift.max(experts, 1))
    self.capacity = capacity
    self.normalizes = normalizes ?? (choices > 1)
    gate = Linear(scope / "gate", width, experts, bias: false)
    self.experts = (0..<Swift.max(experts, 1)).map { expert(scope / "experts" / $0) }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { run(x).output }

  /// The output, and what keeps the experts equally busy.
  public func run(_ x: Tensor) -> MixtureResult {
    scope.run {
      guard
        check(
          x.rank >= 2 && x.shape[x.rank - 1] == width && x.dtype.isFloating, .shape,
          "MixtureOfExperts",
          "\(x.dtype)\(x.shape) is not [..., token, \(width)] of a floating dtype")
      else { return MixtureResult(output: x, loadBalancingLoss: 0, load: 0) }
      let tokens = x.flattened(through: -2)
      let logits = gate(tokens)
      let probabilities = softmax(logits.to(logits.dtype.accumulator))
      let (best, chosen) = probabilities.topK(choices)
      let weights = normalizes ? best / best.sum(axis: -1, keepDims: true) : best
      let slots = capacity.map { capacity in
        let share = Double(choices * tokens.shape[0]) / Double(experts.count)
        return Swift.min(Swift.max(Int((capacity * share).rounded(.up)), 1), tokens.shape[0])
      }
      let output = slots.map { dispatched(tokens, chosen, weights, slots: $0) }
        ?? dense(tokens, chosen, weights)
      // [token, choice, expert] to the share of the choices of each expert.
      let load = chosen.oneHot(experts.count, dtype: weights.dtype).mean(axes: [0, 1])
      let loss = (load * probabilities.mean(axis: 0)).sum() * Tensor(experts.count)
      let shape = Shape(x.shape.dropLast() + output.shape.suffix(1))
      return MixtureResult(
        output: output.reshaped(shape), loadBalancingLoss: loss.to(output.dtype),
        load: load.to(output.dtype))
    }
  }

  /// Every expert on every token.
  private func dense(_ tokens: Tensor, _ chosen: Tensor, _ weights: Tensor) -> Tensor {
    let hot = chosen.oneHot(experts.count, dtype: weights.dtype)
    let shares = (hot * weights.expanded(at: -1)).sum(axis: 1)
    var total: Tensor?
    for (index, expert) in experts.enumerated() {
      let result = expert(tokens)
      let part = result * shares[.all, index..<(index + 1)].to(result.dtype)
      total = total.map { $0 + part } ?? part
    }
    return total ?? tokens
  }

  /// Each expert on the tokens that chose it, in their order, as long as it has places.
  private func dispatched(
    _ tokens: Tensor, _ chosen: Tensor, _ weights: Tensor, slots: Int
  ) -> Tensor {
    let count = tokens.shape[0]
    // First choices come first: a place goes to those before it goes to second choices.
    let order = chosen.transposed().flattened()
    let hot = order.oneHot(experts.count, dtype: .i64)
    let place = (hot.cumsum(axis: 0) * hot).sum(axis: -1) - 1
    let hasPlace = place .< Tensor(slots)
    // Those without a place are put behind all places, which nobody reads.
    let room = experts.count * slots
    let seat = Tensor.where(hasPlace, order * Tensor(slots) + place, Tensor(room))
    let token = remainder(Tensor.arange(choices * count), Tensor(count))
    // An empty place points behind the tokens and so reads zeros.
    let reader = Tensor.full([room + 1], count, dtype: .i64).put(seat, token)
    let results = experts.enumerated().map { index, expert in
      expert(tokens.take(reader[(index * slots)..<((index + 1) * slots)]))
    }
    let found = concatenate(results).take(seat)
    let share = Tensor.where(hasPlace, weights.transposed().flattened(), 0).expanded(at: -1)
    let parts = (found * share.to(found.dtype)).unflattened(0, [choices, count])
    return parts.sum(axis: 0)
  }
}
