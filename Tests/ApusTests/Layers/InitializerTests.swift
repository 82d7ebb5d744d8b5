import Apus
import Testing

/// First values have PyTorch's distributions and structures.
@Suite struct InitializerTests {
  private static let golden = Golden("layers")

  private func made(_ initializer: Initializer, _ shape: Shape) -> Tensor {
    initializer(shape, key: RandomKey(seed: 3))
  }

  @Test func fixedValuesAreEqual() {
    let golden = Self.golden
    expectClose(made(.eye, [2, 3]), golden["initializer.eye"])
    expectClose(made(.dirac(), [3, 2, 4]), golden["initializer.dirac1"])
    expectClose(made(.dirac(groups: 2), [4, 2, 3, 2]), golden["initializer.dirac2"])
    let kinds: [Initializer.Nonlinearity] = [
      .linear, .sigmoid, .tanh, .relu, .selu, .leakyReLU(), .leakyReLU(slope: 0.2),
    ]
    expectClose(Tensor(kinds.map(\.gain)), golden["initializer.gains"])
  }

  /// Kind, expected deviation, expected bound; the weight has 400 inputs and 100 outputs.
  @Test func deviationsAndBounds() {
    let gain = 5.0 / 3
    let cases: [(String, Initializer, std: Double, bound: Double)] = [
      ("uniform", .uniform(-1, 3), 4 / 12.0.squareRoot(), 3),
      ("normal", .normal(std: 0.3), 0.3, 2),
      ("truncatedNormal", .truncatedNormal(std: 10, low: -1, high: 1), 1 / 3.0.squareRoot(), 1),
      ("kaimingUniform", .kaimingUniform(), (2 / 400.0).squareRoot(), (6 / 400.0).squareRoot()),
      ("kaimingUniform out", .kaimingUniform(.fanOut, nonlinearity: .tanh), gain / 10, gain * 0.03.squareRoot()),
      ("kaimingNormal", .kaimingNormal(), (2 / 400.0).squareRoot(), 1),
      ("kaimingNormal out", .kaimingNormal(.fanOut, nonlinearity: .linear), 0.1, 1),
      ("xavierUniform", .xavierUniform(), (2 / 500.0).squareRoot(), (6 / 500.0).squareRoot()),
      ("xavierUniform gain", .xavierUniform(gain: 2), 2 * (2 / 500.0).squareRoot(), 1),
      ("xavierNormal", .xavierNormal(gain: gain), gain * (2 / 500.0).squareRoot(), 1),
    ]
    for (name, initializer, std, bound) in cases {
      let value = made(initializer, [100, 400])
      let found = value.std().item
      #expect(abs(found - std) < 0.02 * std, "\(name): \(found), expected \(std)")
      let greatest = abs(value).max().item
      #expect(greatest <= bound + 1e-6, "\(name): \(greatest) is beyond \(bound)")
    }
  }

  @Test func kernelsCountTheirPlaces() {
    let value = made(.kaimingNormal(.fanOut, nonlinearity: .relu), [50, 20, 3, 3])
    let expected = (2 / 450.0).squareRoot()
    let found = value.std().item
    #expect(abs(found - expected) < 0.03 * expected)
  }

  @Test func orthogonalRowsOrColumns() {
    let wide = made(.orthogonal(gain: 2), [3, 2, 4])
    let rows = wide.reshaped(3, 8)
    expectClose(matmul(rows, rows.transposed()), Tensor.eye(3) * 4, absolute: 1e-5)
    let tall = made(.orthogonal(), [7, 3])
    expectClose(matmul(tall.transposed(), tall), Tensor.eye(3), absolute: 1e-5)
  }

  @Test func sparseColumnsHaveZeros() {
    let value = made(.sparse(0.35), [20, 6])
    let zeros = (value .== 0).sum(axis: 0)
    let isRight = zeros == Tensor([7, 7, 7, 7, 7, 7])
    #expect(isRight)
    let differs = (value[.all, 0] .== 0) != (value[.all, 1] .== 0)
    #expect(differs)
  }

  @Test func mistakesAreNamed() {
    let text = mistake { _ = Initializer.dirac(groups: 2)([3, 1, 3]) }
    #expect(text.contains("dirac: shape [3, 1, 3] is no kernel"))
    #expect(mistake { _ = Initializer.eye([3]) }.contains("eye: shape [3] is no matrix"))
    #expect(mistake { _ = Initializer.orthogonal()([3]) }.contains("is no matrix"))
    #expect(mistake { _ = Initializer.sparse(2)([3, 3]) }.contains("from 0 to 1"))
  }
}
