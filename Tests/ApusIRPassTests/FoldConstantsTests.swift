import Testing

@testable import ApusIR

@Suite struct FoldConstantsTests {
  @Test func whatIsKnownIsComputed() throws {
    try expect(
      FoldConstants.self,
      """
      program(%0: f32[2, 3])
        %1: f32[] = constant(3.0)
        %2: f32[3] = broadcast %1
        %3: f32[3] = sqrt %2
        %4: f32[3] = multiply %2, %2
        %5: f32[] = reduceSum(axes: [0]) %4
        %6: i32[] = cast %5
        %7: bool[3] = greater %4, %2
        return %3, %6, %7
      """,
      becomes: """
        program(%0: f32[2, 3])
          %1: f32[3] = constant(1.7320507764816284)
          %2: i32[] = constant(27)
          %3: bool[3] = constant(true)
          return %1, %2, %3
        """)
  }

  @Test func nothingIsKnownAboutEmptyTensorsButZeros() throws {
    try expect(
      FoldConstants.self,
      """
      program(%0: f32[0, 3], %1: f32[3, 0])
        %2: f32[3] = reduceMaximum(axes: [0]) %0
        %3: f32[3, 3] = matmul %1, %0
        %4: f32[0, 3] = exp %0
        return %2, %3, %4
      """,
      becomes: """
        program(%0: f32[0, 3], %1: f32[3, 0])
          %2: f32[3] = constant(-inf)
          %3: f32[3, 3] = constant(0.0)
          %4: f32[0, 3] = constant(0.0)
          return %2, %3, %4
        """)
  }

  @Test func paddingWithTheSameNumberIsTheSameNumber() throws {
    try expect(
      FoldConstants.self,
      """
      program()
        %0: f32[2] = constant(0.0)
        %1: f32[5] = pad(low: [1], high: [2], interior: [0], value: 0.0) %0
        %2: f32[7] = concatenate(axis: 0) %0, %1
        return %2
      """,
      becomes: """
        program()
          %0: f32[7] = constant(0.0)
          return %0
        """)
  }

  /// 0.1 is no sum of few powers of two, so the order of adding shows; what has no defined value
  /// on overflow is left to the engine.
  @Test func inexactSumsAndCastsOutOfRangeStay() throws {
    try expectUnchanged(
      FoldConstants.self,
      """
      program()
        %0: f32[1000] = constant(0.10000000149011612)
        %1: f32[] = reduceSum(axes: [0]) %0
        %2: f32[] = constant(300.0)
        %3: u8[] = cast %2
        return %1, %3
      """)
  }

  @Test func integersWrapAndDivideAsDocumented() throws {
    try expect(
      FoldConstants.self,
      """
      program()
        %0: i8[] = constant(-128)
        %1: i8[] = constant(-1)
        %2: i8[] = constant(0)
        %3: i8[] = divide %0, %1
        %4: i8[] = divide %0, %2
        %5: i8[] = negate %0
        %6: i8[] = shiftRight %0, %1
        %7: i8[] = power %1, %0
        return %3, %4, %5, %6, %7
      """,
      becomes: """
        program()
          %0: i8[] = constant(-128)
          %1: i8[] = constant(0)
          %2: i8[] = constant(-128)
          %3: i8[] = constant(-1)
          %4: i8[] = constant(1)
          return %0, %1, %2, %3, %4
        """)
  }
}
