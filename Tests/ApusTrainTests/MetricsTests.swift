import Testing

@testable import ApusTrain

/// Figures that people act on.
@Suite struct MetricsTests {
  @Test func confusionMatrixCounts() {
    var matrix = ConfusionMatrix(classNames: ["a", "b", "c"])
    for (actual, predicted) in [(0, 0), (0, 0), (0, 1), (1, 1)] {
      matrix.add(actual: actual, predicted: predicted)
    }
    #expect(matrix.total == 4 && matrix.correct == 3 && matrix.accuracy == 0.75)
    #expect(matrix.recall(0) == 2.0 / 3 && matrix.precision(1) == 0.5)
    #expect(matrix.recall(2) == nil && matrix.precision(2) == nil)
    #expect(
      matrix.table == """
        actual   a   b   c  recall
        a        2   1   ·  66.67 %
        b        ·   1   · 100.00 %
        c        ·   ·   ·        –
        """)
  }

  @Test func evaluationOfKnownLogits() {
    let evaluation = Evaluation(
      classNames: ["a", "b"], logits: [0, 0, 1000, -1000, -1000, 1000], labels: [0, 0, 0])
    #expect(evaluation.accuracy == 2.0 / 3)
    #expect(evaluation.predictions.map(\.predicted) == [0, 0, 1])
    #expect(evaluation.predictions[0].probability == 0.5)
    #expect(evaluation.loss.isFinite)
  }

  @Test(arguments: [
    (0.0, 2, "0.00"), (1.005, 1, "1.0"), (-0.001, 2, "0.00"), (-12.345, 2, "-12.35"), (99.995, 1, "100.0"),
    (7.0, 0, "7"), (.nan, 2, "nan"),
  ])
  func numbersWithFixedDecimals(value: Double, decimals: Int, text: String) {
    #expect(fixed(value, decimals) == text)
  }

  @Test func thousandsAreGrouped() {
    #expect([0, 999, 1000, -1_234_567].map(grouped) == ["0", "999", "1,000", "-1,234,567"])
  }
}
