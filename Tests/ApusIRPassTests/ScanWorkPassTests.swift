import ApusIR
import Testing

/// What moves work out of loops.
@Suite struct ScanWorkPassTests {
  /// The gradient of a product with a constant adds up in a carry: one product over all rounds. The
  /// order of the rounds does not matter.
  @Test(arguments: ["", ", reverse"]) func sumsOfProductsBecomeOneProduct(_ order: String) throws {
    try expect(
      SumAfterScans.self,
      """
      program(%0: f32[4, 3], %1: f32[2, 3], %2: f32[5, 2, 4])
        %3: f32[4, 3], %4: f32[2, 3], %5: f32[5, 2, 3] = scan(length: 5, constants: 0, carries: 2\(order)) %0, %1, %2
          program(%0: f32[4, 3], %1: f32[2, 3], %2: f32[2, 4])
            %3: f32[2, 3] = tanh %1
            %4: f32[4, 3] = matmul(transposeA) %2, %3
            %5: f32[4, 3] = add %0, %4
            return %5, %3, %1
        return %3, %4, %5
      """,
      becomes: """
        program(%0: f32[4, 3], %1: f32[2, 3], %2: f32[5, 2, 4])
          %3: f32[2, 3], %4: f32[5, 2, 3], %5: f32[5, 2, 4], %6: f32[5, 2, 3] = scan(length: 5, constants: 0, carries: 1\(order)) %1, %2
            program(%0: f32[2, 3], %1: f32[2, 4])
              %2: f32[2, 3] = tanh %0
              return %2, %0, %1, %2
          %7: f32[10, 4] = reshape %5
          %8: f32[10, 3] = reshape %6
          %9: f32[4, 3] = matmul(transposeA) %7, %8
          %10: f32[4, 3] = add %0, %9
          return %10, %3, %4
        """)
  }

  /// The contracted axis lies behind others; the sum is of another shape and precision.
  @Test func theRoundsJoinTheContractedAxis() throws {
    try expect(
      SumAfterScans.self,
      """
      program(%0: f32[3, 4], %1: f16[5, 4, 2], %2: f16[5, 2, 3])
        %3: f32[3, 4] = scan(length: 5, constants: 0, carries: 1) %0, %1, %2
          program(%0: f32[3, 4], %1: f16[4, 2], %2: f16[2, 3])
            %3: f16[4, 3] = matmul %1, %2
            %4: f16[3, 4] = transpose([1, 0]) %3
            %5: f32[3, 4] = cast %4
            %6: f32[3, 4] = add %5, %0
            return %6
        return %3
      """,
      becomes: """
        program(%0: f32[3, 4], %1: f16[5, 4, 2], %2: f16[5, 2, 3])
          %3: f16[5, 4, 2], %4: f16[5, 2, 3] = scan(length: 5, constants: 0, carries: 0) %1, %2
            program(%0: f16[4, 2], %1: f16[2, 3])
              return %0, %1
          %5: f16[4, 5, 2] = transpose([1, 0, 2]) %3
          %6: f16[4, 10] = reshape %5
          %7: f16[10, 3] = reshape %4
          %8: f16[4, 3] = matmul %6, %7
          %9: f16[3, 4] = transpose([1, 0]) %8
          %10: f32[3, 4] = cast %9
          %11: f32[3, 4] = add %0, %10
          return %11
        """)
  }

  /// The gradient of a bias. What is summed is recorded where the loop records it anyway, otherwise
  /// the rounds' sums are.
  @Test func sumsOfReductionsAreOfWhatIsRecorded() throws {
    try expect(
      SumAfterScans.self,
      """
      program(%0: f32[3], %1: f32[4], %2: f32[5, 2, 3], %3: f32[5, 2, 4])
        %4: f32[3], %5: f32[4], %6: f32[5, 2, 3] = scan(length: 5, constants: 0, carries: 2) %0, %1, %2, %3
          program(%0: f32[3], %1: f32[4], %2: f32[2, 3], %3: f32[2, 4])
            %4: f32[2, 3] = exp %2
            %5: f32[3] = reduceSum(axes: [0]) %4
            %6: f32[3] = add %0, %5
            %7: f32[2, 4] = exp %3
            %8: f32[4] = reduceSum(axes: [0]) %7
            %9: f32[4] = add %1, %8
            return %6, %9, %4
        return %4, %5, %6
      """,
      becomes: """
        program(%0: f32[3], %1: f32[4], %2: f32[5, 2, 3], %3: f32[5, 2, 4])
          %4: f32[5, 2, 3], %5: f32[5, 4] = scan(length: 5, constants: 0, carries: 0) %2, %3
            program(%0: f32[2, 3], %1: f32[2, 4])
              %2: f32[2, 3] = exp %0
              %3: f32[2, 4] = exp %1
              %4: f32[4] = reduceSum(axes: [0]) %3
              return %2, %4
          %6: f32[3] = reduceSum(axes: [0, 1]) %4
          %7: f32[3] = add %0, %6
          %8: f32[4] = reduceSum(axes: [0]) %5
          %9: f32[4] = add %1, %8
          return %7, %9, %4
        """)
  }

  /// The carry is read by something else; the term is as large as the sum; the sum is recorded.
  @Test(arguments: [
    ("%3: f32[2, 2] = matmul %0, %1\n      %4: f32[2, 2] = add %0, %3", "%4"),
    ("%3: f32[2, 2] = multiply %1, %2\n      %4: f32[2, 2] = add %0, %3", "%4"),
    ("%3: f32[2, 2] = matmul %1, %2\n      %4: f32[2, 2] = add %0, %3", "%4, %4"),
    ("%3: f32[2, 2] = matmul %1, %2\n      %4: f32[2, 2] = add %0, %3", "%4, %3"),
    ("%3: f32[2, 2] = matmul %1, %2\n      %4: f32[2, 2] = add %0, %3", "%4, %0"),
    ("%3: f32[2, 2] = matmul %1, %2\n      %4: f32[2, 2] = subtract %0, %3", "%4"),
  ]) func otherCarriesStay(_ lines: String, _ results: String) throws {
    let recorded = results.contains(",") ? (", %4: f32[5, 2, 2]", ", %4") : ("", "")
    try expectUnchanged(
      SumAfterScans.self,
      """
      program(%0: f32[2, 2], %1: f32[5, 2, 2], %2: f32[5, 2, 2])
        %3: f32[2, 2]\(recorded.0) = scan(length: 5, constants: 0, carries: 1) %0, %1, %2
          program(%0: f32[2, 2], %1: f32[2, 2], %2: f32[2, 2])
            \(lines)
            return \(results)
        return %3\(recorded.1)
      """)
  }

  /// A cast of the weights leaves the loop, and the movement before it; that behind it stays.
  @Test func workOnConstantsLeavesTheLoop() throws {
    try expect(
      HoistFromScans.self,
      """
      program(%0: f32[4, 3], %1: f16[2, 3], %2: f16[5, 2, 3])
        %3: f16[2, 3] = scan(length: 5, constants: 1, carries: 1) %0, %1, %2
          program(%0: f32[4, 3], %1: f16[2, 3], %2: f16[2, 3])
            %3: f32[3, 3] = slice(0..<3, 0..<3) %0
            %4: f16[3, 3] = cast %3
            %5: f16[3, 3] = transpose([1, 0]) %4
            %6: f16[2, 3] = matmul %1, %5
            %7: f16[2, 3] = add %6, %2
            return %7
        return %3
      """,
      becomes: """
        program(%0: f32[4, 3], %1: f16[2, 3], %2: f16[5, 2, 3])
          %3: f32[3, 3] = slice(0..<3, 0..<3) %0
          %4: f16[3, 3] = cast %3
          %5: f16[2, 3] = scan(length: 5, constants: 2, carries: 1) %0, %4, %1, %2
            program(%0: f32[4, 3], %1: f16[3, 3], %2: f16[2, 3], %3: f16[2, 3])
              %4: f16[3, 3] = transpose([1, 0]) %1
              %5: f16[2, 3] = matmul %2, %4
              %6: f16[2, 3] = add %5, %3
              return %6
          return %5
        """)
  }

  /// Movement alone, what grows, and what needs a carry stay in the loop.
  @Test func cheapWorkStaysInTheLoop() throws {
    try expectUnchanged(
      HoistFromScans.self,
      """
      program(%0: f32[3], %1: f32[2, 3])
        %2: f32[2, 3] = scan(length: 5, constants: 1, carries: 1) %0, %1
          program(%0: f32[3], %1: f32[2, 3])
            %2: f32[2, 3] = broadcast %0
            %3: f32[2, 3] = iota(axis: 1)
            %4: f32[2, 3] = multiply %2, %3
            %5: f32[2, 3] = add %1, %4
            return %5
        return %2
      """)
  }

  /// The gradient of `chunked`: each part padded to the whole, and all added up.
  @Test func sumsOfPaddedPartsAreConcatenations() throws {
    try expect(
      JoinPads.self,
      """
      program(%0: f32[2, 3], %1: f32[2, 2], %2: f32[2, 1])
        %3: f32[2, 7] = pad(low: [0, 2], high: [0, 2], interior: [0, 0], value: 0.0) %0
        %4: f32[2, 7] = pad(low: [0, 0], high: [0, 5], interior: [0, 0], value: 0.0) %1
        %5: f32[2, 7] = add %3, %4
        %6: f32[2, 7] = pad(low: [0, 6], high: [0, 0], interior: [0, 0], value: 0.0) %2
        %7: f32[2, 7] = add %6, %5
        return %7
      """,
      becomes: """
        program(%0: f32[2, 3], %1: f32[2, 2], %2: f32[2, 1])
          %3: f32[2, 1] = constant(0.0)
          %4: f32[2, 7] = concatenate(axis: 1) %1, %0, %3, %2
          return %4
        """)
  }

  /// Parts along two axes, parts that overlap, and parts padded with something else.
  @Test(arguments: [
    ("3, 4", "low: [1, 0], high: [0, 1]", "low: [0, 1], high: [1, 0]", "0.0"),
    ("5, 3", "low: [1, 0], high: [2, 0]", "low: [0, 0], high: [3, 0]", "0.0"),
    ("4, 3", "low: [2, 0], high: [0, 0]", "low: [0, 0], high: [2, 0]", "1.0"),
  ]) func otherPadsStay(_ shape: String, _ first: String, _ second: String, _ value: String) throws {
    try expectUnchanged(
      JoinPads.self,
      """
      program(%0: f32[2, 3], %1: f32[2, 3])
        %2: f32[\(shape)] = pad(\(first), interior: [0, 0], value: \(value)) %0
        %3: f32[\(shape)] = pad(\(second), interior: [0, 0], value: 0.0) %1
        %4: f32[\(shape)] = add %2, %3
        return %4
      """)
  }
}
