import ApusIR
import Testing

@Suite struct ScanPassTests {
  /// The gradient of a scan runs the loop again to record what enters each round.
  @Test func loopsThatDifferOnlyInWhatTheyRecordBecomeOne() throws {
    try expect(
      MergeScans.self,
      """
      program(%0: f32[3], %1: f32[5, 3])
        %2: f32[3] = scan(length: 5, constants: 0, carries: 1) %0, %1
          program(%0: f32[3], %1: f32[3])
            %2: f32[3] = multiply %0, %1
            return %2
        %3: f32[3], %4: f32[5, 3] = scan(length: 5, constants: 0, carries: 1) %0, %1
          program(%0: f32[3], %1: f32[3])
            %2: f32[3] = multiply %0, %1
            return %2, %0
        return %2, %4
      """,
      becomes: """
        program(%0: f32[3], %1: f32[5, 3])
          %2: f32[3], %3: f32[5, 3] = scan(length: 5, constants: 0, carries: 1) %0, %1
            program(%0: f32[3], %1: f32[3])
              %2: f32[3] = multiply %0, %1
              return %2, %0
          return %2, %3
        """)
  }

  /// The constant 2 goes into the body; the second carry is needed by nobody; the third never
  /// changes; the first recorded result is a sequence.
  @Test func loopsCarryOnlyWhatIsNeeded() throws {
    try expect(
      SimplifyScans.self,
      """
      program(%0: f32[3], %1: f32[3], %2: f32[3], %3: f32[5, 3])
        %4: f32[3] = constant(2.0)
        %5: f32[3], %6: f32[3], %7: f32[3], %8: f32[5, 3] = scan(length: 5, constants: 1, carries: 3) %4, %0, %1, %2, %3
          program(%0: f32[3], %1: f32[3], %2: f32[3], %3: f32[3], %4: f32[3])
            %5: f32[3] = multiply %1, %0
            %6: f32[3] = add %5, %3
            %7: f32[3] = exp %2
            return %6, %7, %3, %4
        return %5, %7, %8
      """,
      becomes: """
        program(%0: f32[3], %1: f32[3], %2: f32[3], %3: f32[5, 3])
          %4: f32[3] = scan(length: 5, constants: 1, carries: 1) %2, %0
            program(%0: f32[3], %1: f32[3])
              %2: f32[3] = constant(2.0)
              %3: f32[3] = multiply %1, %2
              %4: f32[3] = add %3, %0
              return %4
          return %4, %2, %3
        """)
  }

  @Test func aLoopThatNeedsAllItHasStays() throws {
    try expectUnchanged(
      SimplifyScans.self,
      """
      program(%0: f32[3], %1: f32[5, 3])
        %2: f32[3], %3: f32[5, 3] = scan(length: 5, constants: 0, carries: 1, reverse) %0, %1
          program(%0: f32[3], %1: f32[3])
            %2: f32[3] = multiply %0, %1
            return %2, %2
        return %2, %3
      """)
  }
}
