@testable import ApusIR
import Testing

@Suite struct MultiplyTablesTests {
  @Test func rowsAreLookedUpInTheProduct() throws {
    try expect(
      MultiplyTables.self,
      """
      program(%0: f32[10, 64], %1: i64[4, 5], %2: f32[64, 3])
        %3: f32[4, 5, 64] = gather(axis: 0, slices) %0, %1
        %4: f32[20, 64] = reshape %3
        %5: f32[20, 3] = matmul %4, %2
        return %5
      """,
      becomes: """
        program(%0: f32[10, 64], %1: i64[4, 5], %2: f32[64, 3])
          %3: f32[10, 3] = matmul %0, %2
          %4: f32[4, 5, 3] = gather(axis: 0, slices) %3, %1
          %5: f32[20, 3] = reshape %4
          return %5
        """)
  }

  /// Both gradients add the same rows up.
  @Test func gradientsAreOfTheRowsAddedUp() throws {
    try expect(
      MultiplyTables.self,
      """
      program(%0: f32[10, 64], %1: i64[4, 5], %2: f32[20, 64], %3: f32[64, 64])
        %4: f32[4, 5, 64] = gather(axis: 0, slices) %0, %1
        %5: f32[20, 64] = reshape %4
        %6: f32[64, 64] = matmul(transposeA) %2, %5
        %7: f32[20, 64] = matmul(transposeB) %2, %3
        %8: f32[4, 5, 64] = reshape %7
        %9: f32[10, 64] = constant(0.0)
        %10: f32[10, 64] = scatter(axis: 0, slices, add) %9, %1, %8
        return %6, %10
      """,
      becomes: """
        program(%0: f32[10, 64], %1: i64[4, 5], %2: f32[20, 64], %3: f32[64, 64])
          %4: f32[10, 64] = constant(0.0)
          %5: f32[4, 5, 64] = reshape %2
          %6: f32[10, 64] = scatter(axis: 0, slices, add) %4, %1, %5
          %7: f32[64, 64] = matmul(transposeA) %6, %0
          %8: f32[10, 64] = constant(0.0)
          %9: f32[4, 5, 64] = reshape %2
          %10: f32[10, 64] = scatter(axis: 0, slices, add) %8, %1, %9
          %11: f32[10, 64] = matmul(transposeB) %10, %3
          return %7, %11
        """)
  }

  /// Fewer lookups than rows, and rows too short to be worth it.
  @Test(arguments: [(20, 64), (10, 63)]) func otherLookupsStay(_ rows: Int, _ width: Int) throws {
    try expectUnchanged(
      MultiplyTables.self,
      """
      program(%0: f32[\(rows), \(width)], %1: i64[20], %2: f32[\(width), 3])
        %3: f32[20, \(width)] = gather(axis: 0, slices) %0, %1
        %4: f32[20, 3] = matmul %3, %2
        return %4
      """)
  }
}
