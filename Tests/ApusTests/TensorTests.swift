import Apus
import Testing

@Suite struct TensorTests {
  @Test func literals() {
    let matrix: Tensor = [[1, 2.5], [3, 4]]
    #expect(matrix == Tensor([1, 2.5, 3, 4], shape: [2, 2], dtype: .f32))
    let integers: Tensor = [[1, 2], [3, 4]]
    #expect(integers.dtype == .i64)
    #expect(integers.shape == [2, 2])
    let flags: Tensor = [true, false]
    #expect(flags.dtype == .bool)
    let rows: Tensor = [Tensor([1.0, 2]), Tensor([3.0, 4])]
    #expect(rows.shape == [2, 2])
  }

  @Test func creation() {
    #expect(Tensor.arange(2, 9, step: 3) == Tensor([2, 5, 8]))
    #expect(Tensor.arange(5, 0, step: -2) == Tensor([5, 3, 1]))
    #expect(Tensor.arange(0.0, 1.0, step: 0.25) == Tensor([0, 0.25, 0.5, 0.75]))
    #expect(Tensor.linspace(0, 1, count: 5) == Tensor([0, 0.25, 0.5, 0.75, 1]))
    #expect(Tensor.eye(2, 3) == Tensor([[1.0, 0, 0], [0, 1, 0]]))
    #expect(Tensor.full([2], 7, dtype: .i8) == Tensor([7, 7], dtype: .i8))
    #expect(Tensor([1.0, 2], dtype: .f64).dtype == .f64)
    #expect(Tensor([1.0, 2]).dtype == .f32)
    #expect(Tensor([Float16(1)]).dtype == .f16)
  }

  // Left, right, PyTorch's result. A bracket marks a tensor with an axis, the rest are scalars.
  static let promotions: [(Tensor, Tensor, DType)] = [
    (Tensor.zeros([1], dtype: .i32), 2, .i32), (Tensor.zeros([1], dtype: .i32), 2.5, .f32),
    (Tensor.zeros([1], dtype: .f16), 2.5, .f16), (Tensor.zeros([1], dtype: .bf16), 2, .bf16),
    (Tensor.zeros([1], dtype: .bool), 2, .i64), (Tensor.zeros([1], dtype: .u8), 2, .u8),
    (Tensor.zeros([1], dtype: .f64), 2.5, .f64),
    (Tensor.zeros([1], dtype: .f16), Tensor(2.5, dtype: .f64), .f16),
    (Tensor.zeros([1], dtype: .i32), Tensor(2.5, dtype: .f64), .f64),
    (Tensor(1, dtype: .i32), Tensor(2.5, dtype: .f64), .f64), (Tensor(1, dtype: .f16), 2.5, .f16),
    (Tensor.zeros([1], dtype: .u8), Tensor.zeros([1], dtype: .i8), .i16),
    (Tensor.zeros([1], dtype: .f16), Tensor.zeros([1], dtype: .bf16), .f32),
    (Tensor.zeros([1], dtype: .i64), Tensor.zeros([1], dtype: .f16), .f16),
  ]

  @Test func promotion() {
    for (a, b, expected) in Self.promotions {
      #expect((a + b).dtype == expected, "\(a.dtype)\(a.shape) + \(b.dtype)\(b.shape)")
      #expect((b * a).dtype == expected)
    }
  }

  @Test func numbersKeepTheirPrecision() {
    let sum = Tensor([0.0], dtype: .f64) + 0.1
    #expect(sum.item == 0.1)
    #expect((Tensor([1.0], dtype: .bf16) * (1.0 / 3.0)).dtype == .bf16)
  }

  @Test func reading() {
    let x = Tensor([1.5, -2.5])
    #expect(x.array(of: Int.self) == [1, -2])
    #expect(x.array(of: Double.self) == [1.5, -2.5])
    #expect(x.to(.i32).array(of: Float.self) == [1, -2])
    #expect(Tensor([300], dtype: .u8).item == 44)
  }

  @Test func emptyAndHighRank() {
    let none = Tensor.zeros([0, 3])
    #expect(none.sum().item == 0)
    #expect(matmul(none, Tensor.ones([3, 2])).shape == [0, 2])
    #expect(matmul(Tensor.ones([2, 0]), Tensor.ones([0, 2])) == Tensor.zeros([2, 2]))
    #expect(Tensor.ones([1, 1, 1, 1, 1, 1, 1, 2]).sum().item == 2)
    #expect(concatenate([none, Tensor.ones([1, 3])]).shape == [1, 3])
  }

  @Test func sumsOf16BitsDoNotOverflow() {
    let x = Tensor.full([300, 300], 2.0, dtype: .f16)
    #expect(x.mean().item == 2)
    #expect(x.variance().item == 0)
    #expect(Tensor.ones([1000, 100], dtype: .bf16).mean() == Tensor(1, dtype: .bf16))
    #expect((Tensor([true, false, true, true])).mean().item == 0.75)
  }

  @Test func closeness() {
    let a = Tensor([1.0, Double.nan])
    #expect(!a.allClose(a))
    #expect(a.allClose(a, equalNaN: true))
    #expect(Tensor([1.0]).allClose(Tensor([1.000001])))
    #expect(!Tensor([1.0]).allClose(Tensor([1.1])))
    #expect(Tensor([Double.infinity]).allClose(Tensor([Double.infinity])))
    #expect(!Tensor([1.0]).allClose(Tensor([Double.infinity])))
  }

  @Test func devices() throws {
    let x = withDevice(.reference) { Tensor([1.0, 2]) }
    #expect((x * 2).device == .reference)
    #expect((2 * x + 1).array(of: Float.self) == [3, 5])
    #expect((x.to(device: .cpu) + Tensor([1.0, 1])).array(of: Float.self) == [2, 3])
    #expect(mistake { _ = x + Tensor([1.0, 1]) } == """
      add: operands live on different devices, reference and cpu. Hint: move one of them with \
      .to(device:).
      """)
  }

  @Test func tensorsCrossTasks() async {
    let x = Tensor.arange(10)
    let sum = await Task.detached { x.sum().item }.value
    #expect(sum == 45)
  }
}
