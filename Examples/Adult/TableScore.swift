import Apus
import ApusData
import ApusTrain

/// What logits of a table's rows are worth.
struct TableScore {
  let area: Double
  let loss: Double
  /// `counts[is above][said above]`.
  private var counts = [[0, 0], [0, 0]]
  private let scores: [(score: Float, isPositive: Bool)]

  init(_ rows: EncodedTable, _ logits: Compiled<TableBatch, Tensor>) throws {
    var area = ROCAUC()
    var loss = 0.0
    var scores: [(score: Float, isPositive: Bool)] = []
    for start in stride(from: 0, to: rows.count, by: 2_048) {
      let batch = rows.batch(Array(start..<min(start + 2_048, rows.count)))
      let values = try logits(batch)
      loss += binaryCrossEntropyWithLogits(values, batch.targets, reduction: .sum).item
      for (value, target) in zip(values.array(of: Float.self), batch.targets.array(of: Float.self)) {
        scores.append((value, target > 0.5))
        counts[target > 0.5 ? 1 : 0][value >= 0 ? 1 : 0] += 1
      }
    }
    try area.update(scores.map { Double($0.score) }, scores.map(\.isPositive))
    self.area = area.value
    self.loss = loss / Double(max(rows.count, 1))
    self.scores = scores
  }

  var metrics: [String: Double] { [MetricName.rocAUC: area, "loss": loss] }

  var accuracy: Double { Double(counts[0][0] + counts[1][1]) / Double(max(scores.count, 1)) }

  var table: [[String]] {
    [["below"] + counts[0].map(String.init), ["above"] + counts[1].map(String.init)]
  }

  /// The share of positives that is found where 0, 1, … 100 percent of the negatives are false alarms.
  var rocCurve: ReportPage.Chart {
    let order = scores.sorted { $0.score > $1.score }
    let positives = Double(max(scores.count(where: \.isPositive), 1))
    let negatives = Double(max(scores.count, 1)) - positives
    var (found, alarms) = (0.0, 0.0)
    var curve: [Double] = []
    for score in order {
      if score.isPositive { found += 1 } else { alarms += 1 }
      while Double(curve.count) / 100 * negatives <= alarms, curve.count <= 100 { curve.append(found / positives) }
    }
    return .init("ROC curve", step: "percent", lines: [("test", curve)])
  }
}
