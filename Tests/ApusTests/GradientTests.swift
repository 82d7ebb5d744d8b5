import Apus
import Testing

@Suite struct GradientTests {
  /// A number as data.
  private func number(_ value: Double) -> Tensor { Tensor(value, dtype: .f32) }

  @Test func andNeuron() {
    let weights = Tensor([1.0, 1])
    let inputs = Tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    let fires = matmul(inputs, weights) + -1.5 .> 0
    #expect(fires == Tensor([false, false, false, true]))
  }

  @Test func productOfSum() throws {
    let x = number(-2), y = number(5), z = number(-4)
    let q = x + y
    let f = q * z
    #expect(try gradients(of: f, for: [x, y, z]).map(\.item) == [-4, -4, 3])
  }

  @Test func derivativeOfSquare() throws {
    #expect(try gradient(at: 4.0) { $0 * $0 }.item == 8)
    #expect(try gradient(at: 4.0) { pow($0, 2) }.item == 8)
  }

  @Test func higherOrders() throws {
    // x⁴: 4x³, 12x², 24x at 3
    var value = number(3)
    let x = value
    value = x * x * x * x
    for expected in [108.0, 108, 72] {
      value = try gradients(of: value, for: [x])[0]
      #expect(value.item == expected)
    }
  }

  @Test func jacobianProducts() throws {
    let point = Tensor([1.0, 2, 3])
    let tangent = Tensor([1.0, 0, -1])
    // f = (x0·x1, x1·x2): J = [[2, 1, 0], [0, 3, 2]]
    func f(_ x: Tensor) -> Tensor { x[0..<2] * x[1..<3] }
    #expect(try jvp(at: point, tangent: tangent, in: f).product == Tensor([2.0, -2]))
    #expect(try vjp(at: point, seed: Tensor([1.0, 10]), in: f).product == Tensor([2.0, 31, 20]))
    // g = x0²·x1 + x2³: H·v at (1, 2, 3) for v = (1, 0, -1)
    let product = try hvp(at: point, vector: tangent) { $0[0] * $0[0] * $0[1] + pow($0[2], 3) }
    #expect(product == Tensor([4.0, 2, -18]))
  }

  @Test func stoppedGradients() throws {
    let x = number(3)
    #expect(try gradients(of: x * stopGradient(x), for: [x])[0].item == 3)
  }

  @Test func checkpointsChangeNothing() throws {
    let x = Tensor([0.5, -1, 2])
    let w = Tensor([2.0, 3, 4])
    let plain = (tanh(x * w) * w).sum()
    let recomputed = checkpoint { tanh(x * w) * w }.sum()
    expectClose(recomputed, plain)
    let expected = try gradients(of: plain, for: [x, w])
    let found = try gradients(of: recomputed, for: [x, w])
    for (a, b) in zip(found, expected) { expectClose(a, b) }
  }

  @Test func customGradients() throws {
    let x = Tensor([-1.0, 0.5, 3])
    // The gradient of a clamp that lets everything pass.
    let y = customGradient("straightThrough", of: x) { clamp($0, 0, 1) } backward: { _, _, g in g * 2 }
    #expect(y == Tensor([0.0, 0.5, 1]))
    #expect(try gradients(of: y.sum(), for: [x])[0] == Tensor([2.0, 2, 2]))
  }

  @Test func scansAndTheirGradients() throws {
    let xs = Tensor([1.0, 2, 3])
    let factor = number(2)
    let (carry, results) = scan(carry: [number(1)], over: [xs]) { carry, slices in
      let next = carry[0] * factor + slices[0]
      return ([next], [next * next])
    }
    // 3, 8, 19
    #expect(carry[0].item == 19)
    #expect(results[0] == Tensor([9.0, 64, 361]))
    let found = try gradients(of: carry[0], for: [factor, xs])
    #expect(found[0].item == 18)  // f³ + f² + 2f + 3 at 2: 3f² + 2f + 2
    #expect(found[1] == Tensor([4.0, 2, 1]))
  }

  @Test func numbersInTheSourceHaveNone() {
    let x: Tensor = 4.0
    #expect(mistake { _ = try gradients(of: x * x, for: [x]) } == """
      gradients: 4.0 is a number in the source, which no operation keeps apart. Hint: make it a tensor \
      with a dtype: Tensor(4.0, dtype: .f32).
      """)
  }

  @Test func onlyScalarsHaveGradients() {
    let x = Tensor([1.0, 2])
    #expect(mistake { _ = try gradients(of: x * x, for: [x]) } == """
      gradients: the loss must be one number, its shape is [2]. Hint: reduce it, for instance with \
      .mean(), or give a seed.
      """)
  }
}
