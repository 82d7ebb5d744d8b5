import Testing

@testable import ApusIR

/// The gradient of a split is one concatenation.
@Suite struct JoinPadsTests {
  @Test func neighboursAreJoined() throws {
    try expect(
      JoinPads.self,
      """
      program(%0: f32[2, 3], %1: f32[2, 1], %2: f32[2, 2])
        %3: f32[2, 6] = pad(low: [0, 3], high: [0, 0], interior: [0, 0], value: 0.0) %0
        %4: f32[2, 6] = pad(low: [0, 0], high: [0, 5], interior: [0, 0], value: 0.0) %1
        %5: f32[2, 6] = pad(low: [0, 1], high: [0, 3], interior: [0, 0], value: 0.0) %2
        %6: f32[2, 6] = add %3, %4
        %7: f32[2, 6] = add %6, %5
        return %7
      """,
      becomes: """
        program(%0: f32[2, 3], %1: f32[2, 1], %2: f32[2, 2])
          %3: f32[2, 6] = concatenate(axis: 1) %1, %2, %0
          return %3
        """)
  }

  @Test(arguments: [
    // An overlap, another axis, another value.
    ("low: [0, 2], high: [0, 0], interior: [0, 0], value: 0.0", "[2, 6]", "[2, 4]"),
    ("low: [1, 0], high: [0, 0], interior: [0, 0], value: 0.0", "[2, 6]", "[1, 6]"),
    ("low: [0, 3], high: [0, 0], interior: [0, 0], value: 1.0", "[2, 6]", "[2, 3]"),
  ])
  func othersAreNot(_ padding: String, _ whole: String, _ part: String) throws {
    try expectUnchanged(
      JoinPads.self,
      """
      program(%0: f32[2, 3], %1: f32\(part))
        %2: f32\(whole) = pad(low: [0, 0], high: [0, 3], interior: [0, 0], value: 0.0) %0
        %3: f32\(whole) = pad(\(padding)) %1
        %4: f32\(whole) = add %2, %3
        return %4
      """)
  }

  /// Axes are merged behind the concatenation, not before.
  @Test func axesMergeLater() throws {
    try expect(
      SimplifyMovement.self,
      """
      program(%0: f32[2, 3, 4], %1: f32[2, 5, 4])
        %2: f32[2, 12] = reshape %0
        %3: f32[2, 20] = reshape %1
        %4: f32[2, 32] = concatenate(axis: 1) %2, %3
        return %4
      """,
      becomes: """
        program(%0: f32[2, 3, 4], %1: f32[2, 5, 4])
          %2: f32[2, 8, 4] = concatenate(axis: 1) %0, %1
          %3: f32[2, 32] = reshape %2
          return %3
        """)
  }

  @Test func aTransposedConcatenation() throws {
    try expect(
      SimplifyMovement.self,
      """
      program(%0: f32[2, 3, 4], %1: f32[2, 5, 4])
        %2: f32[2, 8, 4] = concatenate(axis: 1) %0, %1
        %3: f32[8, 2, 4] = transpose([1, 0, 2]) %2
        return %3
      """,
      becomes: """
        program(%0: f32[2, 3, 4], %1: f32[2, 5, 4])
          %2: f32[3, 2, 4] = transpose([1, 0, 2]) %0
          %3: f32[5, 2, 4] = transpose([1, 0, 2]) %1
          %4: f32[8, 2, 4] = concatenate(axis: 0) %2, %3
          return %4
        """)
  }
}
