import Apus
import Testing

private struct Net: Layer {
  let conv: Conv2D, norm: BatchNorm, output: Linear

  init(_ scope: Scope) {
    conv = Conv2D(scope / "conv", 2, 16, kernel: 3, padding: 1, bias: false)
    norm = BatchNorm(scope / "norm", 16)
    output = Linear(scope / "output", 16, 5)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { output(globalAveragePool(relu(norm(conv(x))))) }
}

/// Protects functions with frozen parameters and with state: never a stale weight, never a copy that
/// nobody needs.
@Suite struct FrozenTests {
  private func near(_ a: Tensor, _ b: Tensor) -> Bool {
    let (a, b): ([Double], [Double]) = (a.array(), b.array())
    return a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-4 * (1 + abs($1)) }
  }

  @Test func changedParametersAreNoticed() throws {
    let store = ParameterStore(seed: 1)
    let model = Net(store.scope)
    let x = Tensor.normal([2, 8, 8, 2], key: RandomKey(seed: 5))
    let predict = compiled(freezing: .parameters) { (x: Tensor) in model(x) }
    #expect(near(try predict(x), model(x)))
    #expect(near(try predict(x), model(x)))

    // One value set from outside.
    let first = model(x)
    model.norm.runningVariance?.value = Tensor.full([16], 3.5)
    #expect(!near(first, model(x)))
    #expect(near(try predict(x), model(x)))

    // Training goes on, with updates in place.
    let labels = Tensor([1, 4], shape: [2])
    let step = Step(model, SGD(learningRate: 0.5)) { model, batch in
      crossEntropy(logits: model(batch.x), labels: batch.y)
    }
    for _ in 0..<3 {
      let before = model(x)
      try step(Batch(x: x, y: labels))
      #expect(!near(before, model(x)))
      #expect(near(try predict(x), model(x)))
    }

    // Weights are loaded.
    let other = ParameterStore(seed: 2)
    _ = Net(other.scope)
    try store.load(other.state)
    #expect(near(try predict(x), model(x)))
  }

  @Test func randomFirstValuesAreTheSameLater() throws {
    let model = Net(ParameterStore(seed: 3).scope)
    let x = Tensor.ones([1, 8, 8, 2])
    let predict = compiled(freezing: .parameters) { (x: Tensor) in model(x) }
    let early = try predict(x)
    #expect(near(early, model(x)))
  }

  /// A cache is written at one place after the other; its memory stays where it is.
  @Test func stateIsUpdatedInPlace() throws {
    let scope = ParameterStore().scope
    let cache = scope.buffer("cache", [4, 64, 32], .zeros)
    let factor = scope.parameter("factor", [32], .ones)
    let add = compiled(freezing: .parameters) { (input: [Tensor]) in
      let rows = (input[0] * factor.value).expanded(at: 1)
      cache.value = cache.value.put(input[1].reshaped(1), rows, axis: 1)
      return cache.value.sum(axes: [1])
    }
    func address() -> UnsafeRawPointer? { cache.value.withBytes { $0.baseAddress } }
    var total = [Double](repeating: 0, count: 4 * 32)
    var places: [UnsafeRawPointer?] = []
    for place in 0..<6 {
      let rows = Tensor.normal([4, 32], key: RandomKey(seed: UInt64(place)))
      let sums = try add([rows, Tensor(place, dtype: .i64)])
      let added: [Double] = rows.array()
      for index in total.indices { total[index] += added[index] }
      #expect(near(sums, Tensor(total, shape: [4, 32])))
      places.append(address())
    }
    #expect(Set(places.dropFirst()).count == 1, "the cache stays where it is")

    // A value that someone holds does not change under them.
    let held = cache.value
    let before: [Double] = held.array()
    _ = try add([Tensor.ones([4, 32]), Tensor(7, dtype: .i64)])
    #expect(held.array() == before)
    #expect(cache.value.array() != before)
  }

  @Test func failuresLeaveTheStateAsItWas() throws {
    let scope = ParameterStore().scope
    let count = scope.buffer("count", [2, 2], .zeros)
    let solve = compiled { (x: Tensor) in
      count.value = count.value + 1
      return inverse(x)
    }
    #expect(throws: (any Error).self) { _ = try solve(Tensor.zeros([2, 2])) }
    #expect(count.value.array() == [0.0, 0, 0, 0])
    _ = try solve(Tensor.eye(2))
    #expect(count.value.array() == [1.0, 1, 1, 1])
  }
}
