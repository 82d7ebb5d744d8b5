import Testing

@testable import ApusIR

/// What moves elements, and what moves with it: movements, broadcasts, reductions, matmuls.
@Suite struct SimplifyMovementTests {
  /// One program text before and after, without the first and last line.
  private func check(
    _ pass: any Pass.Type, _ inputs: String, _ before: String, _ output: String,
    becomes after: String, _ newOutput: String
  ) throws {
    func text(_ body: String, _ output: String) -> String {
      (["program(\(inputs))"] + body.split(separator: "\n").map { "  " + $0 }
        + ["  return " + output]).joined(separator: "\n")
    }
    try expect(pass, text(before, output), becomes: text(after, newOutput))
  }

  @Test(arguments: [
    ("%1: f32[6] = reshape %0\n%2: f32[3, 2] = reshape %1", "%1: f32[3, 2] = reshape %0", "%1"),
    ("%1: f32[3, 2] = transpose([1, 0]) %0\n%2: f32[2, 3] = transpose([1, 0]) %1", "", "%0"),
    ("%1: f32[2, 3] = reverse(axes: [1]) %0\n%2: f32[2, 3] = reverse(axes: [1]) %1", "", "%0"),
    (
      "%1: f32[1, 2, 3] = reshape %0\n%2: f32[2, 1, 3] = transpose([1, 0, 2]) %1",
      "%1: f32[2, 1, 3] = reshape %0", "%1"
    ),
    (
      "%1: f32[1, 2, 3] = broadcast %0\n%2: f32[4, 2, 3] = broadcast %1",
      "%1: f32[4, 2, 3] = broadcast %0", "%1"
    ),
    (
      "%1: f32[4, 2, 3] = broadcast %0\n%2: f32[3, 4, 2] = transpose([2, 0, 1]) %1",
      "%1: f32[1, 2, 3] = reshape %0\n%2: f32[3, 1, 2] = transpose([2, 0, 1]) %1\n"
        + "%3: f32[3, 4, 2] = broadcast %2", "%3"
    ),
    (
      "%1: f32[2, 2] = slice(0..<2, 1..<3) %0\n%2: f32[1, 1] = slice(1..<2, 0..<2 by 2) %1",
      "%1: f32[1, 1] = slice(1..<2, 1..<2) %0", "%1"
    ),
    (
      "%1: f32[2, 6] = pad(low: [0, 1], high: [0, 2], interior: [0, 0], value: 0.0) %0\n"
        + "%2: f32[2, 3] = slice(0..<2, 1..<4) %1", "", "%0"
    ),
    (
      "%1: f32[2, 1] = slice(0..<2, 0..<1) %0\n%2: f32[2, 2] = slice(0..<2, 1..<3) %0\n"
        + "%3: f32[2, 3] = concatenate(axis: 1) %1, %2", "", "%0"
    ),
    (
      "%1: f32[4, 3] = concatenate(axis: 0) %0, %0\n%2: f32[1, 3] = slice(3..<4, 0..<3) %1",
      "%1: f32[1, 3] = slice(1..<2, 0..<3) %0", "%1"
    ),
  ])
  func movements(_ before: String, _ after: String, _ result: String) throws {
    let last = before.split(separator: "\n").count
    try check(
      SimplifyMovement.self, "%0: f32[2, 3]", before, "%\(last)", becomes: after, result)
  }

  @Test(arguments: [
    (
      "%2: f32[4, 3] = broadcast %0\n%3: f32[4, 3] = exp %2",
      "%2: f32[3] = exp %0\n%3: f32[4, 3] = broadcast %2", "%3"
    ),
    (
      "%2: f32[4, 3] = broadcast %0\n%3: f32[4, 3] = constant(2.0)\n%4: f32[4, 3] = multiply %2, %3",
      "%2: f32[3] = constant(2.0)\n%3: f32[3] = multiply %0, %2\n%4: f32[4, 3] = broadcast %3", "%4"
    ),
    (
      "%2: f32[4, 3] = broadcast %0\n%3: f32[4, 3] = broadcast %1\n%4: f32[4, 3] = add %2, %3",
      "%2: f32[3] = broadcast %1\n%3: f32[3] = add %0, %2\n%4: f32[4, 3] = broadcast %3", "%4"
    ),
  ])
  func broadcastsComeLast(_ before: String, _ after: String, _ result: String) throws {
    let last = before.split(separator: "\n").count + 1
    try check(
      PostponeBroadcasts.self, "%0: f32[3], %1: f32[]", before, "%\(last)", becomes: after, result)
  }

  /// The gradient of pooling, computed window by window, meets that of a ReLU.
  @Test func operationsFollowIntoSplitAxes() throws {
    try expect(
      PostponeBroadcasts.self,
      """
      program(%0: f32[2, 1, 3, 1], %1: f32[8, 6])
        %2: f32[2, 4, 3, 2] = broadcast %0
        %3: f32[2, 4, 3, 2] = reshape %1
        %4: f32[2, 4, 3, 2] = multiply %2, %3
        %5: f32[8, 6] = reshape %4
        %6: f32[8, 6] = add %5, %1
        return %6
      """,
      becomes: """
        program(%0: f32[2, 1, 3, 1], %1: f32[8, 6])
          %2: f32[2, 4, 3, 2] = broadcast %0
          %3: f32[2, 4, 3, 2] = reshape %1
          %4: f32[2, 4, 3, 2] = multiply %2, %3
          %5: f32[2, 4, 3, 2] = reshape %1
          %6: f32[2, 4, 3, 2] = add %4, %5
          %7: f32[8, 6] = reshape %6
          return %7
        """)
  }

  @Test(arguments: [
    (
      "%1: f32[3, 2] = transpose([1, 0]) %0\n%2: f32[2] = reduceSum(axes: [0]) %1",
      "%1: f32[2] = reduceSum(axes: [1]) %0", "%1"
    ),
    (
      "%1: f32[2] = reduceMaximum(axes: [1]) %0\n%2: f32[] = reduceMaximum(axes: [0]) %1",
      "%1: f32[] = reduceMaximum(axes: [0, 1]) %0", "%1"
    ),
    (
      "%1: f32[2, 1, 3] = reshape %0\n%2: f32[2, 3] = reduceMaximum(axes: [1]) %1",
      "%1: f32[2, 1, 3] = reshape %0\n%2: f32[2, 3] = reshape %1", "%2"
    ),
  ])
  func reductions(_ before: String, _ after: String, _ result: String) throws {
    try check(SimplifyReductions.self, "%0: f32[2, 3]", before, "%2", becomes: after, result)
  }

  /// -0 becomes 0, as in a longer sum.
  @Test func aSumOfOneTermAddsZero() throws {
    try expect(
      SimplifyReductions.self,
      """
      program(%0: f32[3, 1])
        %1: f32[3] = reduceSum(axes: [1]) %0
        %2: f32[3] = reduceSum(axes: []) %1
        return %2
      """,
      becomes: """
        program(%0: f32[3, 1])
          %1: f32[3] = reshape %0
          %2: f32[3] = constant(0.0)
          %3: f32[3] = add %1, %2
          %4: f32[3] = constant(0.0)
          %5: f32[3] = add %3, %4
          return %5
        """)
  }

  @Test func floatingSumsKeepTheirOrder() throws {
    try expectUnchanged(
      SimplifyReductions.self,
      """
      program(%0: f32[2, 3])
        %1: f32[2] = reduceSum(axes: [1]) %0
        %2: f32[] = reduceSum(axes: [0]) %1
        return %2
      """)
  }

  @Test(arguments: [
    (
      "%2: f32[3, 2] = transpose([1, 0]) %0\n%3: f32[3, 4] = matmul %2, %1",
      "%2: f32[3, 4] = matmul(transposeA) %0, %1", "%2"
    ),
    (
      "%2: f32[2, 3] = reshape %0\n%3: f32[3, 4] = matmul(transposeA) %2, %1\n"
        + "%4: f32[4, 3] = transpose([1, 0]) %3",
      "%2: f32[2, 3] = reshape %0\n%3: f32[4, 3] = matmul(transposeA) %1, %2", "%3"
    ),
    (
      "%2: f32[5, 2, 4] = broadcast %1\n%3: f32[5, 3, 2] = constant(2.0)\n"
        + "%4: f32[5, 3, 4] = matmul %3, %2",
      "%2: f32[5, 3, 2] = constant(2.0)\n%3: f32[15, 2] = reshape %2\n"
        + "%4: f32[15, 4] = matmul %3, %1\n%5: f32[5, 3, 4] = reshape %4", "%5"
    ),
  ])
  func matmuls(_ before: String, _ after: String, _ result: String) throws {
    let last = before.split(separator: "\n").count + 1
    try check(
      SimplifyMatmuls.self, "%0: f32[2, 3], %1: f32[2, 4]", before, "%\(last)", becomes: after,
      result)
  }
}
