import ApusIR
import ApusReference
import ApusTestSupport
import Testing

@testable import ApusCPU
@testable import ApusRuntime

/// Protects the products of few rows: every number of rows, both layouts of the matrix, batches, and
/// columns and depths that fill no vector.
@Suite struct NarrowProductTests {
  private static let cpu = PrimitiveTableTests.cpu

  private func check(_ text: String) throws {
    let program = Program(parsing: text)
    try program.validate()
    let inputs = RandomProgram.inputs(for: program, seed: 3)
    let expected = try program.run(on: PrimitiveTableTests.reference, inputs)
    let actual = try program.run(on: Self.cpu, inputs)
    #expect(program.difference(actual, expected) == nil, "\(text)")
  }

  @Test(arguments: 1...9) func everyNumberOfRows(rows: Int) throws {
    for (depth, columns) in [(1, 1), (5, 3), (64, 64), (37, 129), (200, 260), (16, 500)] {
      let shapes = "f32[\(rows), \(depth)], %1: f32[\(columns), \(depth)], %2: f32[\(depth), \(columns)]"
      try check(
        """
        program(%0: \(shapes), %3: f32[\(columns)])
          %4: f32[\(rows), \(columns)] = matmul(transposeB) %0, %1
          %5: f32[\(rows), \(columns)] = matmul %0, %2
          %6: f32[\(rows), \(columns)] = broadcast %3
          %7: f32[\(rows), \(columns)] = matmul(transposeB) %0, %1
          %8: f32[\(rows), \(columns)] = add %7, %6
          return %4, %5, %8
        """)
    }
  }

  @Test func batchesAndFoldedRows() throws {
    try check(
      """
      program(%0: f32[2, 3, 1, 40], %1: f32[2, 3, 17, 40], %2: f32[2, 3, 40, 33], %3: f32[4, 1, 40], %4: f32[50, 40])
        %5: f32[2, 3, 1, 17] = matmul(transposeB) %0, %1
        %6: f32[2, 3, 1, 33] = matmul %0, %2
        %7: f32[40, 50] = transpose([1, 0]) %4
        %8: f32[4, 40, 50] = broadcast %7
        %9: f32[4, 1, 50] = matmul %3, %8
        return %5, %6, %9
      """)
  }

  /// Which products are meant: few rows, f32.
  @Test func otherProductsAreTheLibrarys() throws {
    func isNarrow(_ rows: Int, _ dtype: DType) -> Bool {
      func view(_ shape: Shape) -> Plan.View {
        Plan.View(block: 0, offset: 0, shape: shape, strides: shape.rowMajorStrides)
      }
      let matmul = Plan.Matmul(
        a: view([rows, 64]), b: view([64, 32]), destination: view([rows, 32]), dtype: dtype,
        resultDType: dtype, biasDType: dtype)
      return NarrowProduct(matmul) != nil
    }
    #expect(isNarrow(1, .f32) && isNarrow(8, .f32))
    #expect(!isNarrow(9, .f32) && !isNarrow(1, .bf16))
  }
}
