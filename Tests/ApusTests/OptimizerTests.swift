import Apus
import ApusIR
import Testing

/// Ten steps of every optimizer in f64 give PyTorch's losses, parameters and state, and a run that is
/// saved and restored half-way ends bit for bit where the uninterrupted one does.
@Suite struct OptimizerTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var name: String
    var optimizer: any Optimizer
    var testDescription: String { name }

    init(_ name: String, _ optimizer: any Optimizer) {
      self.name = name
      self.optimizer = optimizer
    }
  }

  private struct Model: Layer {
    let embedding: Embedding?
    let hidden: Linear?
    let output: Linear?

    init(_ scope: Scope, isTable: Bool) {
      let scope = scope.with(dtype: .f64)
      embedding = isTable ? Embedding(scope / "embedding", 9, 3, sparse: true) : nil
      hidden = isTable ? nil : Linear(scope / "hidden", 4, 6)
      output = isTable ? nil : Linear(scope / "output", 6, 3)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      if let embedding { return embedding(x).sum(axis: 1) }
      return output!(tanh(hidden!(x)))
    }
  }

  static let cycle = OneCycle(maximum: 0.2, total: 10)

  static let cases: [Case] = [
    Case("sgd", SGD(learningRate: 0.1, momentum: 0.9, dampening: 0.1, weightDecay: 0.01)),
    Case("adam", Adam(learningRate: 0.02, weightDecay: 0.01)),
    Case("amsgrad", Adam(learningRate: 0.02, beta2: 0.7, amsgrad: true)),
    Case("adamw", AdamW(learningRate: 0.02, weightDecay: 0.1)),
    Case(
      "adamw-amsgrad",
      AdamW(learningRate: 0.02, beta1: 0.8, beta2: 0.7, weightDecay: 0.1, amsgrad: true)),
    Case("nadam", NAdam(weightDecay: 0.01)),
    Case("nadam-decoupled", NAdam(learningRate: 0.02, weightDecay: 0.1, decoupledWeightDecay: true)),
    Case("radam", RAdam(learningRate: 0.02, weightDecay: 0.01)),
    Case(
      "radam-decoupled",
      RAdam(learningRate: 0.02, beta2: 0.99, weightDecay: 0.1, decoupledWeightDecay: true)),
    Case("adagrad", Adagrad(learningRate: 0.1)),
    Case(
      "adagrad-decays",
      Adagrad(learningRate: 0.1, learningRateDecay: 0.1, weightDecay: 0.01, initialAccumulator: 0.2)),
    Case("adadelta", Adadelta(weightDecay: 0.01)),
    Case("rmsprop", RMSprop(weightDecay: 0.01)),
    Case("rmsprop-centered", RMSprop(learningRate: 0.02, alpha: 0.9, momentum: 0.5, centered: true)),
    Case("adamax", Adamax(weightDecay: 0.01)),
    Case("asgd", ASGD(weightDecay: 0.01)),
    Case("asgd-averages", ASGD(learningRate: 0.1, lambda: 0.02, alpha: 0.6, start: 3)),
    Case("rprop", Rprop()),
    Case("rprop-steps", Rprop(learningRate: 0.03, etas: (0.4, 1.5), stepSizes: (0.01, 0.05))),
    Case("ftrl", FTRL(learningRate: 0.1)),
    Case(
      "ftrl-sparse",
      FTRL(
        learningRate: 0.1, learningRatePower: -0.7, l1: 0.05, l2: 0.02, l2Shrinkage: 0.01, beta: 0.1)),
    Case("lion", Lion(learningRate: 0.01, weightDecay: 0.1)),
    Case("lamb", LAMB(learningRate: 0.02, weightDecay: 0.1)),
    Case("adafactor", Adafactor()),
    Case(
      "adafactor-decays",
      Adafactor(
        learningRate: 0.05, beta2Decay: -0.5, epsilon1: 1e-5, epsilon2: 1e-2, d: 1.2, weightDecay: 0.1)),
    Case(
      "muon",
      ParameterGroups(
        ParameterGroup("*.bias", AdamW(learningRate: 0.01)),
        default: Muon(learningRate: 0.02, adjustment: .matchRMSAdamW, dtype: .f64))),
    Case(
      "groups",
      ParameterGroups(
        ParameterGroup("*.bias", AdamW(learningRate: 0.03, weightDecay: 0)),
        default: AdamW(learningRate: 0.01, weightDecay: 0.1))),
    Case("clip-norm", SGD(learningRate: 0.5).after(.clip(norm: 0.2))),
    Case("clip-each", SGD(learningRate: 0.5).after(.clip(eachNorm: 0.1))),
    Case("clip-value", SGD(learningRate: 0.5).after(.clip(value: 0.05))),
    Case("chain", SGD(learningRate: 0.5).after(.centralize, .decay(0.1), .clip(norm: 0.2))),
    Case("penalties", SGD(learningRate: 0.5)),
    Case("accumulate", Adam(learningRate: 0.02).accumulating(steps: 2)),
    Case("ema", Adam(learningRate: 0.02).averaging(.ema(decay: 0.9))),
    Case("swa", Adam(learningRate: 0.02).averaging(.swa(start: 3, every: 2))),
    Case("look-ahead", Adam(learningRate: 0.02).lookingAhead(steps: 3, alpha: 0.6)),
    Case("one-cycle", SGD(learningRate: cycle.learningRate, momentum: cycle.momentum)),
    Case("one-cycle-adam", Adam(learningRate: cycle.learningRate, beta1: cycle.momentum)),
    Case("sparse-adam", SparseAdam(learningRate: 0.1)),
    Case("sparse-adagrad", Adagrad(learningRate: 0.1)),
    Case("sparse-sgd", SGD(learningRate: 0.1)),
  ]

  private struct Run {
    let store = ParameterStore()
    let step: Step<Model, Batch>
    private let golden: Golden
    private let inputs: String

    init(_ item: Case, _ golden: Golden) throws {
      let isTable = item.name.hasPrefix("sparse")
      let model = Model(store.scope, isTable: isTable)
      let store = store
      try store.load(
        Dictionary(
          uniqueKeysWithValues: store.parameters.map { ($0.path, golden["initial." + $0.path]) }))
      step = Step(model, item.optimizer) { model, batch in
        let loss = crossEntropy(logits: model(batch.x), labels: batch.y)
        guard item.name == "penalties" else { return loss }
        return loss + l1Penalty(store.trainable, 0.01) + l2Penalty(store.trainable, 0.02)
      }
      self.golden = golden
      inputs = isTable ? "ids" : "x"
    }

    func take(_ number: Int) throws -> Tensor {
      try step(Batch(x: golden[inputs][number], y: golden["y"][number]))
    }

    /// Everything that lives on, by name.
    var everything: [String: Tensor] { store.state.merging(step.state) { $1 } }
  }

  @Test(arguments: cases) func equalsPyTorch(_ item: Case) throws {
    let golden = Golden("optimizers")
    let run = try Run(item, golden)
    let losses = golden["\(item.name).loss"].array(of: Double.self)
    for number in 0..<10 {
      let loss = try run.take(number)
      close(loss, Tensor(losses[number], dtype: .f64), "loss \(number)")
      if number != 0 && number != 9 { continue }
      for parameter in run.store.parameters {
        let key = "\(item.name).\(number).\(parameter.path)"
        close(parameter.value, golden[key], key)
      }
    }
    let state = run.step.state
    let prefix = "\(item.name).state."
    for key in golden.names where key.hasPrefix(prefix) {
      let name = "optimizer." + key.dropFirst(prefix.count)
      guard let value = state[name] else {
        Issue.record("\(name) is missing among \(state.keys.sorted())")
        continue
      }
      close(value.to(.f64), golden[key], key)
    }
  }

  private func close(_ actual: Tensor, _ expected: Tensor, _ comment: String) {
    expectClose(actual, expected, relative: 1e-9, absolute: 1e-11, comment)
  }

  @Test(arguments: cases) func resumesBitIdentically(_ item: Case) throws {
    let golden = Golden("optimizers")
    let whole = try Run(item, golden)
    for number in 0..<10 { _ = try whole.take(number) }
    let first = try Run(item, golden)
    for number in 0..<5 { _ = try first.take(number) }
    let second = try Run(item, golden)
    try second.store.load(first.store.state)
    try second.step.restore(first.step.state)
    for number in 5..<10 { _ = try second.take(number) }
    let (expected, found) = (whole.everything, second.everything)
    #expect(expected.keys.sorted() == found.keys.sorted())
    for (name, value) in expected {
      let isEqual = found[name].map { $0 == value } ?? false
      #expect(isEqual, "\(name)")
    }
  }

  /// Steps of no phase take new memory for large weights or their state. (For small ones, a norm and
  /// the update that depends on it may be one kernel, which cannot write over what it reads.)
  @Test(arguments: cases.filter { !$0.name.hasPrefix("sparse") })
  func memoryIsUsedAgain(_ item: Case) throws {
    let store = ParameterStore()
    let model = Linear(store.scope / "model", 200, 400)
    let step = Step(model, item.optimizer) { (model: Linear, x: Tensor) in tanh(model(x)).mean() }
    let x = withRandom(seed: 1) { Tensor.normal([8, 200]) }
    func places() -> Set<UnsafeMutableRawPointer> {
      let all = store.state.merging(step.state) { $1 }
      let large = all.values.filter { $0.elementCount >= 1_000 }
      return Set(large.map { $0.node.buffer!.pointer })
    }
    for _ in 0..<6 { try step(x) }
    let before = places()
    for _ in 6..<10 { try step(x) }
    let after = places()
    #expect(before == after)
  }

  /// Of a sparse embedding's table nothing is copied, so a step's time does not depend on its size.
  @Test func tablesStayWhereTheyAre() throws {
    for optimizer in [SparseAdam(), Adagrad(), SGD(learningRate: 0.1), FTRL()] as [any Optimizer] {
      let store = ParameterStore()
      let table = Embedding(store.scope / "table", 500, 8, sparse: true)
      let head = Linear(store.scope / "head", 8, 3)
      let step = Step(table, optimizer.after(.clip(norm: 1))) { (table: Embedding, x: Tensor) in
        let rows = table(x)
        return head(tanh(rows) * rows).sum()
      }
      func places() -> Set<UnsafeMutableRawPointer> {
        let all = store.state.merging(step.state) { $1 }.values
        return Set(all.filter { $0.elementCount == 4_000 }.map { $0.node.buffer!.pointer })
      }
      try step([7, 3, 7, 499])
      let before = places()
      try step([7, 1, 2, 400])
      let after = places()
      #expect(before == after, "\(optimizer)")
    }
  }

  @Test func sparseTablesNeedAnOptimizerOfRows() throws {
    let store = ParameterStore()
    let table = Embedding(store.scope / "table", 5, 2, sparse: true)
    let step = Step(table, AdamW()) { (table: Embedding, x: Tensor) in table(x).sum() }
    #expect(
      mistake { try step([1, 2]) } == """
        Step: table.weight is sparse, but its optimizer does not update single rows. Hint: give it \
        SparseAdam, Adagrad or SGD without momentum, for instance through ParameterGroups, or make the \
        embedding without sparse: true.
        """)
    let mixed = ParameterGroups(ParameterGroup("table.*", SparseAdam()), default: AdamW())
    let other = Step(table, mixed) { (table: Embedding, x: Tensor) in table(x).sum() }
    try other([1, 2])
  }

  /// A table that is looked up twice, out of range, or used in another way too gets the gradients of
  /// the whole one.
  @Test(arguments: [1, 2, 3, 4]) func sparseEqualsDense(_ kind: Int) throws {
    func values(sparse: Bool) throws -> Tensor {
      let store = ParameterStore()
      let table = Embedding(store.scope / "table", 6, 2, sparse: sparse)
      let step = Step(table, Adagrad(learningRate: 0.3)) { (table: Embedding, x: Tensor) in
        let once = exp(table(x)).sum()
        switch kind {
        case 1: return once + sin(table(x + 1)).sum()
        case 2: return once + cos(table.weight.value).sum()
        case 3: return checkpoint { once + sin(table(x)).sum() }
        default: return once
        }
      }
      for _ in 0..<3 { try step([0, 3, 3, 9, -1, 2]) }
      return table.weight.value
    }
    try expectClose(values(sparse: true), values(sparse: false))
  }

  /// Two halves of a batch, accumulated, train as the whole batch does.
  @Test func accumulationEqualsTheLargeBatch() throws {
    let x = withRandom(seed: 3) { Tensor.normal([4, 8, 4]) }
    func weights(_ optimizer: any Optimizer, parts: Int) throws -> Tensor {
      let store = ParameterStore()
      let model = Linear(store.scope, 4, 2)
      let step = Step(model, optimizer) { (model: Linear, x: Tensor) in
        let y = model(x)
        return (y * y).mean()
      }
      for number in 0..<4 {
        let size = 8 / parts
        for part in 0..<parts { try step(x[number][(part * size)..<((part + 1) * size)]) }
      }
      return model.weight.value
    }
    let optimizer = AdamW(learningRate: .exponential(0.1, by: 0.5)).after(.clip(norm: 0.1))
    try expectClose(
      weights(optimizer.accumulating(steps: 4), parts: 4), weights(optimizer, parts: 1))
  }

  @Test func averagedWeightsAreForEvaluation() throws {
    let store = ParameterStore()
    let weight = store.scope.parameter("weight", [], .ones)
    let step = Step(weight, SGD(learningRate: 1).averaging(.swa())) { (weight, x: Tensor) in
      weight.value * x
    }
    try step(Tensor(1.0, dtype: .f32))
    try step(Tensor(2.0, dtype: .f32))
    let inside = try store.withValues(step.averagedParameters) { weight.value.item }
    #expect(inside == -1)
    #expect(weight.value.item == -2)
    let resumed = Step(weight, SGD().averaging(.swa())) { (weight, x: Tensor) in weight.value * x }
    try resumed.restore(step.state)
    #expect(resumed.averagedParameters["weight"]?.item == -1)
    #expect(mistake { try store.withValues(["other": [1.0]]) {} }.contains("no parameter other"))
  }

  @Test func groupsMatchPaths() {
    func matches(_ pattern: String, _ path: String) -> Bool {
      ParameterGroups(ParameterGroup(pattern, SGD()), default: SparseAdam())
        .initialState(of: [1.0], path: path).isEmpty
    }
    #expect(matches("*.bias", "layers.0.bias") && !matches("*.bias", "layers.0.biases"))
    #expect(matches("encoder.*", "encoder.weight") && !matches("encoder.*", "my.encoder.weight"))
    #expect(matches("*norm*", "a.norm1.weight") && matches("a*b*b", "abb") && !matches("a*b*b", "ab"))
    #expect(matches("weight", "weight") && !matches("weight", "weights") && matches("*", ""))
  }

  @Test func mistakesAreSentences() throws {
    let store = ParameterStore()
    let model = Linear(store.scope / "first", 4, 2)
    let step = Step(model, Muon()) { (model: Linear, x: Tensor) in model(x).sum() }
    #expect(
      mistake { try step(Tensor.ones([2, 4])) } == """
        first.bias: Muon: takes matrices, not a parameter of shape [2]. Hint: give it another optimizer \
        through ParameterGroups.
        """)
  }

  /// In bf16, PyTorch's dtype, too the iteration makes all singular values nearly 1.
  @Test func muonWorksInBFloat16() throws {
    let store = ParameterStore(seed: 4)
    let model = Linear(store.scope, 8, 5, bias: false)
    let step = Step(model, Muon(learningRate: 1, weightDecay: 0)) { (model: Linear, x: Tensor) in
      tanh(model(x)).sum()
    }
    let before = model.weight.value
    try step(withRandom(seed: 5) { Tensor.normal([16, 8]) })
    let values = singularValues(model.weight.value - before).array(of: Double.self)
    let areNearOne = values.allSatisfy { (0.5...1.5).contains($0) }
    #expect(areNearOne, "\(values)")
  }
}
