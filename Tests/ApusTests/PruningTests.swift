import Apus
import Testing

/// Masks are PyTorch's, and pruned weights stay 0 while the others train.
@Suite struct PruningTests {
  private func pruned(_ weights: [Tensor], _ method: Pruning, to sparsity: Double) throws -> [Tensor] {
    let store = ParameterStore()
    let parameters = weights.enumerated().map { index, weight in
      (store.scope / index).with(dtype: .f64).parameter("weight", weight.shape, .value(weight))
    }
    let pruner = Pruner(store, method)
    try pruner.prune(to: sparsity)
    for (parameter, weight) in zip(parameters, weights) {
      let isMasked = parameter.value == weight * store[parameter.path + "_mask"]!.value
      #expect(isMasked)
    }
    return parameters.map { store[$0.path + "_mask"]!.value }
  }

  @Test func masksArePyTorchs() throws {
    let golden = Golden("optimizers")
    let weight = golden["prune.weight"]
    let magnitude = try pruned([weight], .magnitude, to: 0.3)[0] == golden["prune.magnitude"]
    #expect(magnitude)
    let rows = try pruned([weight], .structured(), to: 0.5)[0] == golden["prune.rows"]
    #expect(rows)
    let both = try pruned(
      [golden["prune.first"], golden["prune.second"]], .globalMagnitude, to: 0.4)
    let first = both[0] == golden["prune.first_mask"]
    let second = both[1] == golden["prune.second_mask"]
    #expect(first && second)
  }

  @Test(arguments: [Pruning.magnitude, .globalMagnitude, .structured(axis: 1)])
  func prunedWeightsStayZero(_ method: Pruning) throws {
    let store = ParameterStore()
    let hidden = Linear(store.scope / "hidden", 8, 10)
    let output = Linear(store.scope / "output", 10, 2)
    let pruner = Pruner(store, method)
    let optimizer = AdamW(learningRate: 0.05).after(.clip(norm: 1)).masked(by: pruner)
    let step = Step(hidden, optimizer) { (_: Linear, x: Tensor) in
      let y = output(tanh(hidden(x)))
      return (y * y).sum()
    }
    let sparsity = Schedule.cubicSparsity(to: 0.5, from: 2, until: 8)
    let x = withRandom(seed: 2) { Tensor.normal([4, 8]) }
    var zeros: Set<Int> = []
    for number in 0..<12 {
      try pruner.prune(to: sparsity(number))
      try step(x)
      let now = hidden.weight.value.array(of: Double.self)
      let stay = zeros.allSatisfy { now[$0] == 0 }
      #expect(stay, "step \(number)")
      zeros = Set(now.indices.filter { now[$0] == 0 })
    }
    #expect(abs(pruner.sparsity - 0.5) < 0.03)
    #expect(store.state["hidden.weight_mask"] != nil)
    #expect(mistake { try pruner.prune(to: 2) } == "prune: the sparsity 2.0 must lie in 0...1.")
  }
}
