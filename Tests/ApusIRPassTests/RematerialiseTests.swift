import ApusTestSupport
import Testing

@testable import ApusIR

/// Protects which values are computed again, and from what.
@Suite struct RematerialiseTests {
  @Test func anActivationIsComputedAgainNearItsLateUse() throws {
    let program = Program(
      parsing: """
        program(%0: f32[64, 64], %1: f32[64, 64])
          %2: f32[64, 64] = matmul %0, %1
          %3: f32[64, 64] = tanh %2
          %4: f32[64, 64] = matmul %3, %1
          %5: f32[64, 64] = matmul %4, %1
          %6: f32[64, 64] = matmul %5, %1
          %7: f32[64, 64] = multiply %6, %3
          %8: f32[64, 64] = matmul %7, %2
          return %8
        """)
    let result = Rematerialise.rewrite(program, saving: 1)
    try result?.validate()
    #expect(
      result?.description == """
        program(%0: f32[64, 64], %1: f32[64, 64])
          %2: f32[64, 64] = matmul %0, %1
          %3: f32[64, 64] = tanh %2
          %4: f32[64, 64] = matmul %3, %1
          %5: f32[64, 64] = matmul %4, %1
          %6: f32[64, 64] = matmul %5, %1
          %7: f32[64, 64] = tanh %2
          %8: f32[64, 64] = multiply %6, %7
          %9: f32[64, 64] = matmul %8, %2
          return %9
        """)
  }

  /// What it follows from is not kept so long, or it is no cheap work.
  @Test(arguments: ["tanh %2", "matmul %2, %1"])
  func othersAreKept(_ operation: String) {
    let program = Program(
      parsing: """
        program(%0: f32[64, 64], %1: f32[64, 64])
          %2: f32[64, 64] = matmul %0, %1
          %3: f32[64, 64] = \(operation)
          %4: f32[64, 64] = matmul %3, %1
          %5: f32[64, 64] = matmul %4, %1
          %6: f32[64, 64] = matmul %5, %1
          %7: f32[64, 64] = multiply %6, %3
          return %7
        """)
    #expect(Rematerialise.rewrite(program, saving: 1) == nil)
  }
}
