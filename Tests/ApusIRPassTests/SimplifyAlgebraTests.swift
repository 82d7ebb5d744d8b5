import Testing

@testable import ApusIR

@Suite struct SimplifyAlgebraTests {
  /// The result is an operand, or one simpler instruction.
  @Test(arguments: [
    ("%2: f32[3] = constant(1.0)\n%3: f32[3] = multiply %0, %2", "", "%0"),
    ("%2: f32[3] = constant(-0.0)\n%3: f32[3] = add %0, %2", "", "%0"),
    ("%2: f32[3] = constant(0.0)\n%3: f32[3] = subtract %0, %2", "", "%0"),
    ("%2: f32[3] = constant(-1.0)\n%3: f32[3] = multiply %2, %0", "%2: f32[3] = negate %0", "%2"),
    ("%2: f32[3] = negate %0\n%3: f32[3] = negate %2", "", "%0"),
    ("%2: f32[3] = negate %1\n%3: f32[3] = add %0, %2", "%2: f32[3] = subtract %0, %1", "%2"),
    (
      "%2: f32[3] = constant(2.0)\n%3: f32[3] = power %0, %2",
      "%2: f32[3] = multiply %0, %0", "%2"
    ),
    (
      "%2: f32[3] = constant(8.0)\n%3: f32[3] = divide %0, %2",
      "%2: f32[3] = constant(0.125)\n%3: f32[3] = multiply %0, %2", "%3"
    ),
    ("%2: f32[3] = maximum %0, %0\n%3: f32[3] = minimum %2, %2", "", "%0"),
    ("%2: bool[3] = less %0, %1\n%3: f32[3] = select %2, %0, %0", "", "%0"),
    ("%2: f64[3] = cast %0\n%3: f32[3] = cast %2", "", "%0"),
  ])
  func rules(_ before: String, _ after: String, _ result: String) throws {
    func text(_ body: String, _ output: String) -> String {
      (["program(%0: f32[3], %1: f32[3])"] + body.split(separator: "\n").map { "  " + $0 }
        + ["  return " + output]).joined(separator: "\n")
    }
    try expect(SimplifyAlgebra.self, text(before, "%3"), becomes: text(after, result))
  }

  /// Each would change a bit somewhere: -0 + 0 is 0, 1/3 is rounded, sqrt(-0) is -0, f16 rounds.
  @Test(arguments: [
    "%2: f32[3] = constant(0.0)\n%3: f32[3] = add %0, %2",
    "%2: f32[3] = constant(0.0)\n%3: f32[3] = multiply %0, %2",
    "%2: f32[3] = constant(3.0)\n%3: f32[3] = divide %0, %2",
    "%2: f32[3] = constant(0.5)\n%3: f32[3] = power %0, %2",
    "%2: f16[3] = cast %0\n%3: f32[3] = cast %2",
    "%2: f32[3] = subtract %0, %1\n%3: f32[3] = negate %2",
  ])
  func whatIsNotExactStays(_ body: String) throws {
    try expectUnchanged(
      SimplifyAlgebra.self,
      (["program(%0: f32[3], %1: f32[3])"] + body.split(separator: "\n").map { "  " + $0 }
        + ["  return %3"]).joined(separator: "\n"))
  }

  /// In u8 a negation wraps, and there is no sign to take away again.
  @Test func unsignedNegationsStay() throws {
    try expectUnchanged(
      SimplifyAlgebra.self,
      """
      program(%0: u8[3])
        %1: u8[3] = negate %0
        %2: u8[3] = absolute %1
        return %2
      """)
  }

  /// Behind a ReLU only its output is needed for the gradient, not its input.
  @Test func theSignOfAnInputIsReadFromTheReLU() throws {
    try expect(
      SimplifyAlgebra.self,
      """
      program(%0: f32[3], %1: f32[3])
        %2: f32[3] = constant(0.0)
        %3: f32[3] = maximum %0, %2
        %4: bool[3] = less %2, %0
        %5: f32[3] = select %4, %1, %2
        return %3, %5
      """,
      becomes: """
        program(%0: f32[3], %1: f32[3])
          %2: f32[3] = constant(0.0)
          %3: f32[3] = maximum %0, %2
          %4: bool[3] = greater %3, %2
          %5: f32[3] = select %4, %1, %2
          return %3, %5
        """)
  }

  /// The gradient of relu(x), select(x ≤ 0, 0, g), reads the ReLU's result, which is kept anyway.
  @Test func theSignOfAReLUIsThatOfItsResult() throws {
    try expect(
      SimplifyAlgebra.self,
      """
      program(%0: f32[3], %1: f32[3])
        %2: f32[3] = constant(0.0)
        %3: bool[3] = lessEqual %0, %2
        %4: f32[3] = select %3, %2, %0
        %5: f32[3] = select %3, %2, %1
        return %4, %5
      """,
      becomes: """
        program(%0: f32[3], %1: f32[3])
          %2: f32[3] = constant(0.0)
          %3: bool[3] = lessEqual %0, %2
          %4: f32[3] = select %3, %2, %0
          %5: bool[3] = lessEqual %4, %2
          %6: f32[3] = select %5, %2, %1
          return %4, %6
        """)
  }

  /// Both constants true once made the choice its condition's opposite.
  @Test func aChoiceBetweenEqualConstantsIsNoChoice() throws {
    try expect(
      SimplifyAlgebra.self,
      """
      program(%0: bool[3])
        %1: bool[3] = constant(true)
        %2: bool[3] = constant(true)
        %3: bool[3] = select %0, %1, %2
        return %3
      """,
      becomes: """
        program(%0: bool[3])
          %1: bool[3] = constant(true)
          return %1
        """)
  }

  @Test func truthValuesNeedNoNumbers() throws {
    try expect(
      SimplifyAlgebra.self,
      """
      program(%0: bool[3], %1: f32[3])
        %2: f32[3] = constant(1.0)
        %3: f32[3] = constant(0.0)
        %4: f32[3] = select %0, %2, %3
        %5: bool[3] = notEqual %4, %3
        %6: bool[3] = not %5
        %7: bool[3] = not %6
        return %4, %7
      """,
      becomes: """
        program(%0: bool[3], %1: f32[3])
          %2: f32[3] = cast %0
          return %2, %0
        """)
  }
}
