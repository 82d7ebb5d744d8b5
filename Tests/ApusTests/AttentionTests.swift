import Apus
import Testing

/// Attention in blocks gives what attention over everything with a mask gives, and so do its gradients.
@Suite struct AttentionTests {
  private func tensor(_ shape: Shape, seed: UInt64) throws -> Tensor {
    try withRandom(seed: seed) { try Tensor.normal(shape).evaluated() }
  }

  private func plain(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ mask: Tensor?) -> Tensor {
    var scores = matmul(q, k.transposed()) / Tensor(Double(q.shape[q.rank - 1]).squareRoot())
    if let mask { scores = Tensor.where(mask, scores, Tensor(-Double.infinity)) }
    let power = exp(scores - scores.max(axis: -1, keepDims: true))
    return matmul(power / power.sum(axis: -1, keepDims: true), v)
  }

  private func distance(_ a: Tensor, _ b: Tensor) -> Double { abs(a - b).max().item }

  @Test(arguments: [5, 64, 65, 150]) func causal(_ time: Int) throws {
    let q = try tensor([2, 3, time, 16], seed: 1)
    let k = try tensor([2, 3, time, 16], seed: 2)
    let v = try tensor([2, 3, time, 8], seed: 3)
    let g = try tensor([2, 3, time, 8], seed: 4)
    let place = Tensor.arange(time)
    let mask = place.expanded(at: 1) .>= place.expanded(at: 0)
    let wanted = plain(q, k, v, mask)
    let got = scaledDotProductAttention(q, k, v, isCausal: true)
    #expect(distance(got, wanted) < 1e-5)
    let slopes = try gradients(of: (got * g).sum(), for: [q, k, v])
    let expected = try gradients(of: (wanted * g).sum(), for: [q, k, v])
    for (slope, wanted) in zip(slopes, expected) { #expect(distance(slope, wanted) < 1e-4) }
  }

  @Test func maskAndOtherKeys() throws {
    let q = try tensor([2, 4, 16], seed: 1)
    let (k, v) = (try tensor([2, 7, 16], seed: 2), try tensor([2, 7, 8], seed: 3))
    #expect(distance(scaledDotProductAttention(q, k, v), plain(q, k, v, nil)) < 1e-5)
    let mask = Tensor.arange(7) .<= 3
    #expect(distance(scaledDotProductAttention(q, k, v, mask: mask), plain(q, k, v, mask)) < 1e-5)
  }
}

/// Mixed precision: where it rounds, where it does not, and that a step learns the same.
@Suite struct PrecisionTests {
  private let store = ParameterStore(seed: 1)

  @Test func dtypes() throws {
    let linear = Linear(store.scope / "linear", 8, 4)
    let convolution = Conv2D(store.scope / "convolution", 8, 4, kernel: 1)
    let norm = LayerNorm(store.scope / "norm", 8)
    let x = Tensor.ones([2, 8])
    withPrecision(.bf16) {
      #expect(linear(x).dtype == .bf16)
      #expect(convolution(Tensor.ones([1, 2, 2, 8])).dtype == .bf16)
      #expect(matmul(x, x.transposed()).dtype == .bf16)
      #expect(matmul(x.to(.f64), x.transposed()).dtype == .f64)
      #expect(norm(x.to(.bf16)).dtype == .f32)
      #expect((x + linear(x)[0..., 0..<1]).dtype == .f32)
      #expect(crossEntropy(logits: linear(x), labels: Tensor([0, 1])).dtype == .f32)
      withPrecision(nil) { #expect(linear(x).dtype == .f32) }
    }
    #expect(linear(x).dtype == .f32)
  }

  @Test func aStepLearnsTheSame() throws {
    func losses(_ precision: DType?) throws -> [Double] {
      let store = ParameterStore(seed: 7)
      let (hidden, output) = (Linear(store.scope / "a", 16, 32), Linear(store.scope / "b", 32, 4))
      try store.materialize()
      let x = try withRandom(seed: 3) { try Tensor.normal([24, 16]).evaluated() }
      let y = remainder(Tensor.arange(24), 4)
      let step = Step((hidden, output), Adam(learningRate: .constant(0.01)), precision: precision) {
        (model: (Linear, Linear), batch: Batch) in
        crossEntropy(logits: model.1(relu(model.0(batch.x))), labels: batch.y)
      }
      let result = try (0..<5).map { _ in try step(Batch(x: x, y: y)).item }
      for parameter in store.parameters { #expect(parameter.value.dtype == .f32) }
      return result
    }
    let (mixed, full) = (try losses(.bf16), try losses(nil))
    #expect(zip(mixed, full).allSatisfy { abs($0 - $1) < 3e-2 * full[0] })
    #expect(mixed != full)
    #expect(mixed[4] < mixed[0])
  }
}
