import ApusIR
import ApusTestSupport
import Testing

@Suite struct CleanupPassTests {
  @Test func callsAreInlinedAndBarriersKept() throws {
    try expect(
      InlineCalls.self,
      """
      program(%0: f32[3])
        %1: f32[3] = stopGradient %0
        %2: f32[3] = double %1  // block
          program(%0: f32[3])
            %1: f32[3] = add %0, %0
            return %1
        %3: f32[3] = barrier %0, %2
        return %2, %3
      """,
      becomes: """
        program(%0: f32[3])
          %1: f32[3] = add %0, %0  // block
          %2: f32[3] = barrier %0, %1
          return %1, %2
        """)
  }

  @Test func equalInstructionsBecomeOne() throws {
    try expect(
      EliminateCommonSubexpressions.self,
      """
      program(%0: f32[3], %1: f32[3])
        %2: f32[3] = add %0, %1
        %3: f32[3] = add %1, %0
        %4: f32[3] = subtract %0, %1
        %5: f32[3] = subtract %1, %0
        %6: f32[3] = multiply %2, %3
        return %6, %4, %5
      """,
      becomes: """
        program(%0: f32[3], %1: f32[3])
          %2: f32[3] = add %0, %1
          %3: f32[3] = subtract %0, %1
          %4: f32[3] = subtract %1, %0
          %5: f32[3] = multiply %2, %2
          return %5, %3, %4
        """)
  }

  @Test func whatComesAfterABarrierIsComputedAgain() throws {
    try expectUnchanged(
      EliminateCommonSubexpressions.self,
      """
      program(%0: f32[3])
        %1: f32[3] = exp %0
        %2: f32[3] = barrier %0, %1
        %3: f32[3] = exp %2
        %4: f32[3] = barrier %0, %1
        %5: f32[3] = exp %4
        return %1, %3, %5
      """)
  }

  @Test func equalKeysGiveEqualRandomBits() throws {
    try expect(
      EliminateCommonSubexpressions.self,
      """
      program(%0: i64[2])
        %1: i32[4] = randomBits %0
        %2: i32[4] = randomBits %0
        %3: i64[4] = randomBits %0
        return %1, %2, %3
      """,
      becomes: """
        program(%0: i64[2])
          %1: i32[4] = randomBits %0
          %2: i64[4] = randomBits %0
          return %1, %1, %2
        """)
  }

  @Test func bodiesAreRewrittenToo() throws {
    try expect(
      EliminateCommonSubexpressions.self,
      """
      program(%0: f32[3], %1: f32[5, 3])
        %2: f32[3] = scan(length: 5, constants: 0, carries: 1) %0, %1
          program(%0: f32[3], %1: f32[3])
            %2: f32[3] = exp %1
            %3: f32[3] = exp %1
            %4: f32[3] = add %2, %3
            return %4
        return %2
      """,
      becomes: """
        program(%0: f32[3], %1: f32[5, 3])
          %2: f32[3] = scan(length: 5, constants: 0, carries: 1) %0, %1
            program(%0: f32[3], %1: f32[3])
              %2: f32[3] = exp %1
              %3: f32[3] = add %2, %2
              return %3
          return %2
        """)
  }

  @Test func whatNoOutputNeedsIsDropped() throws {
    try expect(
      EliminateDeadCode.self,
      """
      program(%0: f32[3], %1: f32[3])
        %2: f32[3] = exp %0
        %3: f32[3] = add %2, %1
        %4: f32[3] = negate %2
        return %4
      """,
      becomes: """
        program(%0: f32[3], %1: f32[3])
          %2: f32[3] = exp %0
          %3: f32[3] = negate %2
          return %3
        """)
  }

  @Test func canonicalFormDoesNotDependOnTheOrderOfWriting() throws {
    let a = Program(
      parsing: """
        program(%0: f32[3], %1: f32[3])
          %2: f32[3] = exp %0
          %3: f32[3] = negate %1
          %4: f32[3] = add %2, %3
          return %4
        """)
    let b = Program(
      parsing: """
        program(%0: f32[3], %1: f32[3])
          %2: f32[3] = negate %1  // other
          %3: f32[3] = sin %1
          %4: f32[3] = exp %0
          %5: f32[3] = add %4, %2
          return %5
        """)
    #expect(a != b)
    #expect(a.canonicalised() == b.canonicalised())
    #expect(a.canonicalised().canonicalised() == a.canonicalised())
  }

  @Test func validationNamesWhatIsWrong() throws {
    var program = Program(inputs: [TensorType(.f32, [3])])
    program.append(.unary(.exp), [0], types: [TensorType(.f32, [4])])
    #expect(throws: TensorError.self) { try program.validate() }
    var early = Program(inputs: [TensorType(.f32, [3])])
    early.append(.unary(.exp), [1], types: [TensorType(.f32, [3])])
    #expect(throws: TensorError.self) { try early.validate() }
  }
}
