import Apus
import Testing

@Suite struct RandomTests {
  private func draw(_ body: () -> Tensor) -> [Double] { withRandom(seed: 7, body).array() }

  private func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.map { ($0 - mean) * ($0 - mean) }
    return (mean, squares.reduce(0, +) / Double(values.count))
  }

  @Test func sameSeedSameNumbers() {
    let a = draw { Tensor.normal([100]) }
    #expect(a == draw { Tensor.normal([100]) })
    #expect(a != withRandom(seed: 8) { Tensor.normal([100]) }.array())
  }

  @Test func drawsDiffer() {
    withRandom(seed: 1) {
      #expect(Tensor.uniform([8]) != Tensor.uniform([8]))
    }
  }

  @Test(arguments: [DType.f16, .bf16, .f32, .f64]) func uniformMoments(_ dtype: DType) {
    let values = draw { .uniform([20_000], low: -1, high: 3, dtype: dtype) }
    let (mean, variance) = moments(values)
    #expect(abs(mean - 1) < 0.03)
    #expect(abs(variance - 16.0 / 12) < 0.03)
    #expect(values.allSatisfy { $0 >= -1 && $0 <= 3 })
  }

  @Test(arguments: [DType.f16, .bf16, .f32, .f64]) func normalMoments(_ dtype: DType) {
    let values = draw { .normal([20_000], mean: 2, std: 3, dtype: dtype) }
    let (mean, variance) = moments(values)
    #expect(abs(mean - 2) < 0.08)
    #expect(abs(variance - 9) < 0.3)
    let within = values.filter { abs($0 - 2) < 3 }.count
    #expect(abs(Double(within) / 20_000 - 0.6827) < 0.015)
  }

  @Test func truncatedNormalStaysInside() {
    let values = draw { .truncatedNormal([20_000]) }
    let (mean, variance) = moments(values)
    #expect(values.allSatisfy { $0 >= -2 && $0 <= 2 })
    #expect(abs(mean) < 0.03)
    #expect(abs(variance - 0.7737) < 0.03)
  }

  @Test func bernoulliCounts() {
    let values = draw { .bernoulli([20_000], probability: 0.3) }
    #expect(abs(moments(values).mean - 0.3) < 0.015)
  }

  @Test func integersCoverTheRange() {
    let values = draw { .randomIntegers([7_000], in: -3..<4) }
    for value in -3..<4 {
      #expect(abs(values.filter { $0 == Double(value) }.count - 1000) < 150)
    }
  }

  @Test func permutationsHoldEachNumberOnce() {
    let values = draw { .permutation(500) }
    #expect(values.sorted() == (0..<500).map(Double.init))
    #expect(values != values.sorted())
  }

  @Test func categoricalFollowsTheLogits() {
    let logits = log(Tensor([0.1, 0.6, 0.3])).expanded(to: [9_000, 3])
    let values = draw { .categorical(logits: logits) }
    for (value, share) in [(0.0, 0.1), (1, 0.6), (2, 0.3)] {
      #expect(abs(Double(values.filter { $0 == value }.count) / 9_000 - share) < 0.02)
    }
  }

  @Test func splitKeysAreUnrelated() {
    let keys = RandomKey(seed: 5).split(3)
    let draws = keys.map { Tensor.uniform([16], key: $0).array(of: Float.self) }
    #expect(Set(draws).count == 3)
    let again = RandomKey(seed: 5).split(3)[1]
    #expect(Tensor.uniform([16], key: again).array(of: Float.self) == draws[1])
  }

  @Test func initialisationDependsOnThePathOnly() {
    let small = ParameterStore(seed: 3)
    let first = Linear(small.scope / "b", 4, 4)
    let large = ParameterStore(seed: 3)
    _ = Linear(large.scope / "a", 2, 2)
    let second = Linear(large.scope / "b", 4, 4)
    #expect(first.weight.value == second.weight.value)
    #expect(large["a.weight"] != nil)
  }
}
