import Apus
import ApusIR
import Testing

/// L-BFGS takes PyTorch's steps, evaluates as often, and goes on from a saved state.
@Suite struct LBFGSTests {
  private struct Problem {
    let store = ParameterStore()
    let batch: Batch
    let minimizer: LBFGS<Batch>

    init(_ golden: Golden, _ lineSearch: LBFGS<Batch>.LineSearch) throws {
      let scope = store.scope.with(dtype: .f64)
      let hidden = Linear(scope / "hidden", 4, 6)
      let output = Linear(scope / "output", 6, 3)
      let store = store
      try store.load(
        Dictionary(
          uniqueKeysWithValues: store.parameters.map { ($0.path, golden["initial." + $0.path]) }))
      batch = Batch(x: golden["x"][0], y: golden["y"][0])
      minimizer = LBFGS(
        store.trainable, learningRate: lineSearch == .none ? 0.5 : 1, maxIterations: 5,
        historySize: 3, lineSearch: lineSearch
      ) { batch in
        let loss = crossEntropy(logits: output(tanh(hidden(batch.x))), labels: batch.y)
        return loss + l2Penalty(store.trainable, 0.01)
      }
    }
  }

  @Test(arguments: ["lbfgs", "lbfgs-wolfe"]) func equalsPyTorch(_ name: String) throws {
    let golden = Golden("optimizers")
    let problem = try Problem(golden, name == "lbfgs" ? .none : .strongWolfe)
    let losses = golden[name + ".loss"].array(of: Double.self)
    let evaluations = golden[name + ".evaluations"].array(of: Int.self)
    for step in 0..<6 {
      let loss = try problem.minimizer.step(problem.batch)
      let isClose = Swift.abs(loss - losses[step]) < 1e-9
      #expect(isClose, "step \(step): \(loss), expected \(losses[step])")
      #expect(problem.minimizer.evaluationCount == evaluations[step])
    }
    for parameter in problem.store.parameters {
      let expected = golden["\(name).\(parameter.path)"]
      expectClose(parameter.value, expected, relative: 1e-7, absolute: 1e-8, parameter.path)
    }
  }

  @Test func resumesBitIdentically() throws {
    let golden = Golden("optimizers")
    let whole = try Problem(golden, .strongWolfe)
    for _ in 0..<4 { try whole.minimizer.step(whole.batch) }
    let first = try Problem(golden, .strongWolfe)
    for _ in 0..<2 { try first.minimizer.step(first.batch) }
    let second = try Problem(golden, .strongWolfe)
    try second.store.load(first.store.state)
    try second.minimizer.restore(first.minimizer.state)
    for _ in 0..<2 { try second.minimizer.step(second.batch) }
    for (name, value) in whole.store.state.merging(whole.minimizer.state, uniquingKeysWith: { $1 }) {
      let found = second.store.state[name] ?? second.minimizer.state[name]
      let isEqual = found.map { $0 == value } ?? false
      #expect(isEqual, "\(name)")
    }
  }

  @Test func statesThatDoNotFitAreThrown() throws {
    let problem = try Problem(Golden("optimizers"), .none)
    #expect(mistake { try problem.minimizer.restore([:]) }.contains("no \"func_evals\""))
    let state = ["func_evals": Tensor([3], shape: []), "d": Tensor([1.0], dtype: .f64)]
    #expect(mistake { try problem.minimizer.restore(state) }.contains("d of L-BFGS is [1], expected"))
  }
}
