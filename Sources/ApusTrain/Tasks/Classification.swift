import ApusData

// What kinds of work that tell classes have in common.

extension TrainingConfiguration {
  /// Places of the samples to train on and of those held out, each class by its share; all are to train on where there
  /// is a test file.
  ///
  /// - Parameter unit: what samples are called.
  func split(
    _ labels: [String], _ unit: String, testCount: Int?
  ) throws -> (training: [Int], heldOut: [Int]) {
    let share = testCount == nil ? heldOut ?? 0.2 : 0
    let split = try ArrayDataset(labels).stratifiedSplit(1 - share, seed: seed) { $0 }
    let parts = (training: split.training.indices, heldOut: split.heldOut.indices)
    let heldOutCount = testCount ?? parts.heldOut.count
    guard !parts.training.isEmpty, heldOutCount > 0 else {
      throw source.place.error(
        "\(data) has \(labels.count) \(unit), of which \(parts.training.count) would be to train on and "
          + "\(heldOutCount) held out; both need one at least.")
    }
    return parts
  }

  /// The figures of classes, those that are listed included.
  func evaluation(
    _ scores: ClassScores, _ labels: [Int], _ classNames: [String]
  ) throws -> (metrics: [String: Double], findings: Evaluation) {
    let found = try Evaluation(classNames: classNames, scores: scores, labels: labels)
    var figures = ["loss": found.loss, "accuracy": found.accuracy]
    for name in metrics { figures[name] = try MetricCatalog.value(name, scores, labels) }
    return (figures, found)
  }
}

extension Evaluation {
  /// The confusion matrix and the accuracy, for a terminal.
  func summary(_ count: Int, _ unit: String) -> String {
    "\(confusion.table)\n\naccuracy on \(grouped(count)) held-out \(unit): \(percent(accuracy))"
  }
}

extension ReportPage {
  /// The confusion matrix as a table.
  mutating func add(_ evaluation: Evaluation) {
    let matrix = evaluation.confusion
    let rows = zip(matrix.classNames, matrix.counts).map { name, counts in [name] + counts.map(String.init) }
    add(
      .table(head: ["is"] + matrix.classNames, rows: rows), under: "Confusion matrix",
      note: "Rows are what it is, columns what the model took it for.")
  }
}
