import Foundation
import Testing

@testable import ApusTrain

/// Metrics give the figures of scikit-learn and sacrebleu, whatever the batches and shards.
@Suite struct MetricGoldenTests {
  struct Golden: Decodable, Sendable {
    struct Classification: Decodable, Sendable {
      let classes: Int, scores: [Float], labels: [Int]
      let expected: [String: Double], averages: [String: [String: Double]]
    }
    struct Curve: Decodable, Sendable {
      let scores: [Double], positive: [Bool], expected: [String: Double]
    }
    struct Regression: Decodable, Sendable {
      let predictions: [Double], targets: [Double], expected: [String: Double]
    }
    struct BLEUCase: Decodable, Sendable {
      let texts: [String], references: [[String]], tokenizer: String, lowercased: Bool
      let score: Double, precisions: [Double], brevityPenalty: Double, signature: String
      let matches: [Int], totals: [Int], lengths: [Int]
    }
    struct ErrorRates: Decodable, Sendable {
      let texts: [String], references: [String], word: [Int], character: [Int]
    }
    let classification: [Classification], curves: [Curve], regression: [Regression]
    let tokens: [[String]], bleu: [BLEUCase], errorRates: ErrorRates
  }

  static let golden: Golden = {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Resources/metrics.json")
    do {
      return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: path))
    } catch {
      fatalError("\(error)")
    }
  }()

  /// The metric fed at once, and by two shards of uneven batches merged, has the value expected.
  static func checkMetric<M: Metric>(
    _ metric: M, count: Int, _ expected: Double?, relative: Double = 1e-12,
    sourceLocation: SourceLocation = #_sourceLocation, _ update: (inout M, Range<Int>) throws -> Void
  ) throws {
    let expected = try #require(expected, "\(metric.name)", sourceLocation: sourceLocation)
    var whole = metric, first = metric, second = metric
    #expect(metric.value.isNaN, "\(metric.name) of nothing", sourceLocation: sourceLocation)
    try update(&whole, 0..<count)
    let cuts = [0, min(1, count), count / 3, count / 2, count].sorted()
    for index in 1..<cuts.count {
      let range = cuts[index - 1]..<cuts[index]
      if index % 2 == 0 { try update(&first, range) } else { try update(&second, range) }
    }
    first.merge(second)
    first.merge(metric)
    for (value, way) in [(whole.value, "at once"), (first.value, "merged")] {
      let bound = relative * max(1, abs(expected))
      #expect(
        abs(value - expected) <= bound, "\(metric.name) \(way): \(value), expected \(expected)",
        sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: golden.classification.indices) func classification(_ index: Int) throws {
    let golden = Self.golden.classification[index]
    let classes = golden.classes
    func check<M: Metric>(_ metric: M, _ expected: Double?) throws
    where M.Predictions == ClassScores, M.Targets == [Int] {
      try Self.checkMetric(metric, count: golden.labels.count, expected) {
        let rows = Array(golden.scores[$1.lowerBound * classes..<$1.upperBound * classes])
        try $0.update(ClassScores(rows, classes: classes), Array(golden.labels[$1]))
      }
    }
    let expected = golden.expected
    try check(TopKAccuracy(1), expected["accuracy"])
    try check(ConfusionMetric(.accuracy, classes: classes), expected["accuracy"])
    if classes > 2 { try check(TopKAccuracy(3), expected["top3"]) }
    try check(LogLoss(), expected["logLoss"])
    try check(Perplexity(), expected["perplexity"])
    try check(CalibrationError(), expected["calibrationError"])
    let averages: [String: MetricAverage] = [
      "binary": .binary(), "micro": .micro, "macro": .macro, "weighted": .weighted,
    ]
    for (average, figures) in golden.averages {
      for kind in ConfusionMetric.Kind.allCases where kind != .accuracy {
        try check(
          ConfusionMetric(kind, classes: classes, average: #require(averages[average])),
          figures[kind.rawValue])
      }
    }
  }

  @Test(arguments: golden.curves.indices) func curves(_ index: Int) throws {
    let golden = Self.golden.curves[index]
    let count = golden.scores.count
    func update<M: Metric>(_ metric: inout M, _ range: Range<Int>) throws
    where M.Predictions == [Double], M.Targets == [Bool] {
      try metric.update(Array(golden.scores[range]), Array(golden.positive[range]))
    }
    try Self.checkMetric(ROCAUC(), count: count, golden.expected["rocAUC"], update)
    try Self.checkMetric(PRAUC(), count: count, golden.expected["prAUC"], update)
    for bins in [1, 7, 4096] {
      var binned = BinnedROCAUC(bins: bins)
      try update(&binned, 0..<count)
      let error = abs(binned.value - (golden.expected["rocAUC"] ?? .nan))
      #expect(error <= binned.errorBound + 1e-12, "\(bins) bins")
      try Self.checkMetric(BinnedROCAUC(bins: bins), count: count, binned.value, update)
    }
  }

  @Test(arguments: golden.regression.indices) func regression(_ index: Int) throws {
    let golden = Self.golden.regression[index]
    for kind in RegressionMetric.Kind.allCases {
      let expected = golden.expected[kind.rawValue]
      try Self.checkMetric(
        RegressionMetric(kind), count: golden.targets.count, expected, relative: 1e-9
      ) { try $0.update(Array(golden.predictions[$1]), Array(golden.targets[$1])) }
    }
  }

  @Test(arguments: golden.tokens) func tokens(pair: [String]) {
    let words = BLEUTokenizer.v13a(pair[0]).map { String(String.UnicodeScalarView($0)) }
    let isEqual = words.joined(separator: " ").utf8.elementsEqual(pair[1].utf8)
    #expect(isEqual, "\(words) for \(pair[1])")
  }

  @Test(arguments: golden.bleu.indices) func bleu(_ index: Int) throws {
    let golden = Self.golden.bleu[index]
    let tokenizer = try #require(BLEUTokenizer(rawValue: golden.tokenizer))
    var metric = BLEU(tokenizer: tokenizer, lowercased: golden.lowercased)
    try Self.checkMetric(metric, count: golden.texts.count, golden.score) {
      try $0.update(Array(golden.texts[$1]), Array(golden.references[$1]))
    }
    try metric.update(golden.texts, golden.references)
    #expect(metric.matches == golden.matches && metric.totals == golden.totals)
    #expect([metric.length, metric.referenceLength] == golden.lengths)
    #expect(metric.signature == golden.signature)
    #expect(abs(metric.brevityPenalty - golden.brevityPenalty) < 1e-12)
    if golden.score > 0 {
      for (value, expected) in zip(metric.precisions, golden.precisions) {
        #expect(abs(value - expected) < 1e-9)
      }
    }
  }

  @Test func errorRates() throws {
    let golden = Self.golden.errorRates
    for (unit, expected) in [(TextErrorRate.Unit.word, golden.word), (.character, golden.character)] {
      let share = Double(expected[0]) / Double(expected[1])
      try Self.checkMetric(TextErrorRate(unit), count: golden.texts.count, share) {
        try $0.update(Array(golden.texts[$1]), Array(golden.references[$1]))
      }
    }
  }
}
