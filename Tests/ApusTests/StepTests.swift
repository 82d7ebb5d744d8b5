import Apus
import ApusIR
import Testing

private struct DigitNet: Layer {
  let conv: Conv2D, hidden: Linear, output: Linear
  init(_ scope: Scope) {
    conv = Conv2D(scope / "conv", 1, 4, kernel: 3)
    hidden = Linear(scope / "hidden", 4 * 3 * 3, 16)
    output = Linear(scope / "output", 16, 10)
  }
  func callAsFunction(_ x: Tensor) -> Tensor {
    let h = maxPool2D(relu(conv(x)), 2)
    return output(relu(hidden(h.flattened(from: 1))))
  }
}

private struct Net: Layer {
  let hidden: Linear, norm: BatchNorm, dropout: Dropout, output: Linear

  init(_ scope: Scope) {
    hidden = Linear(scope / "hidden", 4, 16)
    norm = BatchNorm(scope / "norm", 16)
    dropout = Dropout(0.3)
    output = Linear(scope / "output", 16, 2)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { output(dropout(relu(norm(hidden(x))))) }
}

@Suite struct StepTests {
  private func makeStep(seed: UInt64 = 1) -> (ParameterStore, Step<Net, Batch>) {
    let store = ParameterStore(seed: seed)
    let model = Net(store.scope)
    let step = Step(model, AdamW(learningRate: .warmupCosine(1e-2, warmup: 3, total: 20)), seed: seed) {
      model, batch in crossEntropy(logits: model(batch.x), labels: batch.y)
    }
    return (store, step)
  }

  private func batch(_ number: Int, _ size: Int = 8) -> Batch {
    withRandom(seed: UInt64(number)) {
      let x = Tensor.normal([size, 4])
      return Batch(x: x, y: (x[.all, 0] .> 0).to(.i64))
    }
  }

  @Test func learns() throws {
    let (_, step) = makeStep()
    let first: Double = try step(batch(0, 64)).scalar()
    for number in 1..<60 { try step(batch(number, 64)) }
    #expect(try step(batch(0, 64)).scalar() < first * 0.6)
    #expect(step.count == 61)
  }

  @Test func sameSeedSameResult() throws {
    let (a, first) = makeStep()
    let (b, second) = makeStep()
    for number in 0..<5 {
      #expect(try first(batch(number)) == second(batch(number)))
    }
    for (x, y) in zip(a.parameters, b.parameters) { #expect(x.value == y.value) }
  }

  @Test func resumesBitIdentically() throws {
    let (store, step) = makeStep()
    for number in 0..<4 { try step(batch(number)) }
    let parameters = store.state
    let state = step.state
    for number in 4..<8 { try step(batch(number)) }

    let (again, resumed) = makeStep()
    try again.load(parameters)
    try resumed.restore(state)
    #expect(resumed.count == 4)
    for number in 4..<8 { try resumed(batch(number)) }
    for (x, y) in zip(store.parameters, again.parameters) { #expect(x.value == y.value, "\(x)") }
    #expect(Set(step.state.keys) == Set(resumed.state.keys))
  }

  @Test func dropoutDiffersFromStepToStep() throws {
    let store = ParameterStore()
    let weight = store.scope.parameter("weight", [], .ones)
    let step = Step(weight, SGD(learningRate: 0)) { weight, batch in
      (dropout(Tensor.ones([64]), 0.5) * weight.value).sum() + batch.x.sum() * 0
    }
    let losses = try (0..<6).map { _ in try step(Batch(x: [0.0], y: [0])).item }
    #expect(Set(losses).count > 1)
  }

  @Test func holdersKeepTheirValues() throws {
    let (store, step) = makeStep()
    let held = try store.parameters[0].value.evaluated()
    let alias = store.parameters[0].value
    try eval(alias)
    let before = held.array(of: Float.self)
    try step(batch(0))
    #expect(alias.array(of: Float.self) == before)
    #expect(store.parameters[0].value.array(of: Float.self) != before)
  }

  @Test func theFirstProgram() throws {
    let store = ParameterStore(seed: 0)
    let model = DigitNet(store.scope)
    let step = Step(model, AdamW(learningRate: .warmupCosine(1e-2, warmup: 3, total: 30))) {
      model, batch in
      crossEntropy(logits: model(batch.x), labels: batch.y)
    }
    let batch = withRandom(seed: 1) {
      Batch(x: .uniform([16, 8, 8, 1]), y: .randomIntegers([16], in: 0..<10))
    }
    let losses = try (0..<30).map { _ in try step(batch).item }
    #expect(losses[29] < losses[0] * 0.9)
  }

  @Test func memoryIsUsedAgain() throws {
    let (store, step) = makeStep()
    try step(batch(0))
    func places() -> Set<UnsafeMutableRawPointer> {
      Set(store.parameters.map { $0.value.node.buffer!.pointer })
    }
    let before = places()
    for number in 1..<4 { try step(batch(number)) }
    #expect(places() == before)
  }

  @Test func batchesOfAnotherShapeAreTracedAnew() throws {
    let (_, step) = makeStep()
    try step(batch(0, 8))
    try step(batch(1, 3))
    try step(batch(2, 8))
    #expect(step.count == 3)
  }

  @Test func frozenParametersStay() throws {
    let (store, step) = makeStep()
    try step(batch(0))
    let hidden = store["hidden.weight"]!
    hidden.isTrainable = false
    let before = hidden.value.array(of: Float.self)
    try step(batch(1))
    #expect(hidden.value.array(of: Float.self) == before)
  }

  @Test func metricsComeWithTheLoss() throws {
    let store = ParameterStore()
    let model = Linear(store.scope, 4, 2)
    let step = Step<Linear, Batch>(model, SGD(learningRate: 0.1), withMetrics: { model, batch in
      let logits = model(batch.x)
      let hits = (logits.argMax(axis: -1) .== batch.y).sum()
      return (crossEntropy(logits: logits, labels: batch.y), ["hits": hits])
    })
    try step(batch(0))
    #expect((0...8).contains(step.metrics["hits"]!.scalar(as: Int.self)))
  }

  @Test func mistakesInTheLossAreThrown() {
    let store = ParameterStore()
    let model = Linear(store.scope / "first", 5, 2)
    let step = Step(model, SGD()) { model, batch in
      crossEntropy(logits: model(batch.x), labels: batch.y)
    }
    #expect(mistake { try step(batch(0)) } == """
      first: matmul: shapes [8, 4] and [5, 2] do not fit: inner extents 4 and 5 differ. Hint: the \
      last axis of the first must equal the last but one of the second.
      """)
  }

  @Test func anyStructureCanBeABatch() throws {
    let store = ParameterStore()
    let model = Linear(store.scope, 4, 2)
    let step = Step(model, SGD(learningRate: 0.1)) { (model, batch: [String: Tensor]) in
      crossEntropy(logits: model(batch["x"]!), labels: batch["y"]!)
    }
    let item = batch(0)
    try step(["x": item.x, "y": item.y])
    #expect(step.count == 1)
  }
}

@Suite struct CompiledTests {
  @Test func weightsAreInputs() throws {
    let store = ParameterStore()
    let model = Linear(store.scope, 3, 2)
    let predict = compiled { (x: Tensor) in model(x) }
    let x = Tensor([1.0, 2, 3], shape: [1, 3])
    expectClose(try predict(x), model(x))
    model.weight.value = Tensor.zeros([2, 3])
    model.bias!.value = Tensor([5.0, 6])
    #expect(try predict(x) == Tensor([[5.0, 6]]))
  }

  @Test func capturesComputedTensors() throws {
    let table = Tensor.arange(4) * 10
    let look = compiled { (x: Tensor) in table.take(x) }
    #expect(try look(Tensor([2, 1])) == Tensor([20, 10]))
    #expect(try look(Tensor([3])) == Tensor([30]))
  }

  @Test func structuresInAndOut() throws {
    let both = compiled { (batch: Batch) in ["sum": batch.x + batch.y, "product": batch.x * batch.y] }
    let result = try both(Batch(x: [2.0], y: [5.0]))
    #expect(result["sum"]! == Tensor([7.0]))
    #expect(result["product"]! == Tensor([10.0]))
  }

  @Test func nestsInOthers() throws {
    let inner = compiled { (x: Tensor) in x * x }
    let outer = compiled { (x: Tensor) in try inner(x) + 1 }
    #expect(try outer(Tensor([3.0])) == Tensor([10.0]))
  }

  @Test func randomNumbersDifferFromCallToCall() throws {
    let draw = compiled { (x: Tensor) in x + Tensor.uniform([4]) }
    let zero = Tensor([0.0])
    let (a, b) = try withRandom(seed: 3) { (try draw(zero), try draw(zero)) }
    #expect(a != b)
    let again = try withRandom(seed: 3) { try draw(zero) }
    #expect(a == again)
  }
}
