import Apus
import Foundation
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

  /// Logits that are no numbers, as of a model that diverged, are no right answers.
  @Test func notANumberIsNoHit() throws {
    let scores = try ClassScores([.nan, .nan, .nan, 0, .nan, 1], classes: 3)
    var accuracy = TopKAccuracy(1)
    try accuracy.update(scores, [0, 2])
    #expect(accuracy.value == 0)
    #expect(scores.predicted(1) == 1)
    var loss = LogLoss()
    try loss.update(scores, [0, 2])
    #expect(loss.value.isNaN)
  }

  /// Of equal scores the first class is taken, as by `argMax`.
  @Test func tiedScores() throws {
    let scores = try ClassScores([1, 1, 0], classes: 3)
    #expect(scores.predicted(0) == 0)
    #expect((0..<3).map { scores.rank(0, $0) } == [0, 1, 2])
  }

  @Test func tensorsAreReadOnce() throws {
    var top = TopKAccuracy(2)
    try top.update(
      logits: Tensor([3.0, 2, 1, 1, 2, 3], shape: [1, 2, 3], dtype: .bf16),
      labels: Tensor([1, 0], shape: [1, 2], dtype: .u8))
    #expect(top.value == 0.5 && top.name == "top2")
  }

  /// Configurations and histories of old have these names.
  @Test func namesDoNotChange() {
    let names =
      ConfusionMetric.Kind.allCases.map { ConfusionMetric($0, classes: 2).name }
      + RegressionMetric.Kind.allCases.map { RegressionMetric($0).name }
    let expected = [
      MetricName.accuracy, MetricName.precision, MetricName.recall, MetricName.f1, MetricName.meanIoU,
      MetricName.mae, MetricName.mse, MetricName.rmse, MetricName.r2,
    ]
    #expect(names == expected)
    #expect(expected == ["accuracy", "precision", "recall", "f1", "meanIoU", "mae", "mse", "rmse", "r2"])
    #expect(TopKAccuracy(5).name == "top5" && ROCAUC().name == "rocAUC" && PRAUC().name == "prAUC")
  }

  @Test func figuresWithoutMeaning() throws {
    var roc = ROCAUC(), pr = PRAUC()
    try roc.update([0.5], [true])
    try pr.update([0.5], [false])
    #expect(roc.value.isNaN && pr.value.isNaN)
    var infinite = ROCAUC()
    try infinite.update([.infinity, -.infinity, .infinity], [true, false, false])
    #expect(infinite.value == 0.75)
    #expect(editDistance([Int](), []) == 0 && editDistance([1, 2, 3], []) == 3)
    #expect(editDistance("kitten", "sitting") == 3)
  }

  static let refusals: [(body: @Sendable () throws -> Void, sentence: String)] = [
    ({ _ = try ClassScores(Tensor([1, 2])) }, "ClassScores: needs floating-point logits [..., class], got i64[2]."),
    ({ _ = try ClassScores([1, 2, 3], classes: 2) }, "ClassScores: 3 scores are no rows of 2 classes."),
    ({ var m = TopKAccuracy(1); try m.update(ClassScores([1, 2], classes: 2), [2]) }, "accuracy: label 2 is none of 2 classes; labels count from 0, and those below 0 are left out."),
    ({ var m = LogLoss(); try m.update(ClassScores([1, 2], classes: 2), [0, 1]) }, "logLoss: 1 predictions do not fit 2 targets."),
    ({ var m = ConfusionMetric(.f1, classes: 2); try m.update(predicted: [-1], labels: [0]) }, "f1: the predicted class -1 is none of 2 classes."),
    ({ var m = ROCAUC(); try m.update([.nan], [true]) }, "rocAUC: a score is NaN, which has no place in an order."),
    ({ var m = BinnedROCAUC(); try m.update([1.5], [true]) }, "rocAUC: the score 1.5 is no probability; bins are from 0 to 1."),
    ({ var m = CalibrationError(); try m.update(ClassScores([.nan, 0], classes: 2), [0]) }, "calibrationError: the scores of example 0 are not finite."),
    ({ var m = BLEU(); try m.update(["a"], [[]]) }, "bleu: a text has no reference."),
  ]

  @Test(arguments: refusals.indices) func refusal(_ index: Int) {
    let error = #expect(throws: MetricError.self, performing: Self.refusals[index].body)
    #expect(error?.description == Self.refusals[index].sentence)
  }

  @Test func evaluationOfKnownLogits() throws {
    let evaluation = try Evaluation(
      classNames: ["a", "b"],
      scores: ClassScores([0, 0, 1000, -1000, -1000, 1000], classes: 2), labels: [0, 0, 0])
    #expect(evaluation.accuracy == 2.0 / 3)
    #expect(evaluation.predictions.map(\.predicted) == [0, 0, 1])
    #expect(evaluation.predictions[0].probability == 0.5)
    #expect(abs(evaluation.loss - (log(2.0) + 2000) / 3) < 1e-9)
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
