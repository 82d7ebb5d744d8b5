import ApusData
import ApusFormats

/// The page about a classifier's training: curves, confusion matrix, misclassified images, settings.
public struct HTMLReport {
  let result: ClassifierTrainer.Result
  let description: RunDescription
  let images: LabeledImages

  /// More images than this would not be looked at.
  private static let maximumImageCount = 60

  public init(
    _ result: ClassifierTrainer.Result, _ description: RunDescription, images: LabeledImages
  ) {
    self.result = result
    self.description = description
    self.images = images
  }

  private var evaluation: Evaluation { result.evaluation }

  public var html: String {
    let configuration = result.configuration
    var page = ReportPage(title: "\(configuration.model) on \(configuration.data)")
    page.add(.tiles(tiles))
    page.add(.html("<section class=\"charts\">\(charts)</section>"))
    page.add(.html(confusionMatrix), under: "Confusion matrix",
      note: "Rows are what the images show, columns what the model took them for.")
    let wrong = mistakes
    let shown = wrong.prefix(HTMLReport.maximumImageCount)
    let count = shown.count < wrong.count ? "The \(shown.count) surest of \(wrong.count)" : "All \(wrong.count)"
    page.add(
      .pictures(shown.map(picture)), under: "Misclassified images",
      note: wrong.isEmpty ? "There are none."
        : "\(count), the surest mistakes first: what it is → what the model took it for.")
    page.add(.settings(result.configuration.settings + description.settings), under: "Settings")
    return page.html
  }

  private var tiles: [ReportPage.Tile] {
    let confusion = evaluation.confusion
    let history = result.position.history
    let wrong = confusion.total - confusion.correct
    let seconds = history.reduce(0) { $0 + $1.seconds }
    return [
      .init("held-out accuracy", percent(evaluation.accuracy)),
      .init("misclassified", "\(grouped(wrong)) of \(grouped(confusion.total))"),
      .init("held-out loss", fixed(evaluation.loss, 4)),
      .init("epochs", "\(history.count)"),
      .init("parameters", grouped(result.classifier.store.trainableCount)),
      .init("training time", "\(fixed(seconds, 1)) s"),
    ]
  }

  private var charts: String {
    func points(_ name: String) -> [LineChart.Point] {
      result.position.history.map { .init(x: Double($0.epoch), y: $0[name] ?? .nan) }
    }
    let loss = LineChart(
      title: "Loss",
      series: [
        .init(name: "training", style: "a", points: points("loss")),
        .init(name: "held out", style: "b", points: points("validation/loss")),
      ], includes: 0...0.1
    ) { fixed($0, 3) }
    let accuracy = LineChart(
      title: "Accuracy",
      series: [.init(name: "held out", style: "b", points: points("validation/accuracy"))],
      includes: 0.95...1
    ) { fixed($0 * 100, 1) + " %" }
    return loss.html + accuracy.html
  }

  private var confusionMatrix: String {
    let matrix = evaluation.confusion
    let names = matrix.classNames.map(HTML.escaped)
    let head = names.map { "<th scope=\"col\">\($0)</th>" }.joined()
    let rows = matrix.counts.indices.map { confusionRow($0, matrix, names) }
    let precisions = names.indices.map { index in
      "<td class=\"share\">\(matrix.precision(index).map { fixed($0 * 100, 1) } ?? "–")</td>"
    }.joined()
    return """
      <div class="scroll"><table class="confusion">
      <thead><tr><th></th>\(head)<th scope="col" class="share">recall, %</th></tr></thead>
      <tbody>\(rows.joined(separator: "\n"))
      <tr><th scope="row" class="share">precision, %</th>\(precisions)<td class="share"></td></tr></tbody>
      </table></div>
      """
  }

  private func confusionRow(_ actual: Int, _ matrix: ConfusionMatrix, _ names: [String]) -> String {
    let row = matrix.counts[actual]
    let total = Double(max(row.reduce(0, +), 1))
    let cells = row.enumerated().map { predicted, count in
      let isRight = actual == predicted
      let share = Double(count) / total
      // Even one mistake should be seen.
      let strength = count == 0 ? 0 : isRight ? share * 0.6 : min(0.8, 0.25 + share * 3)
      let hint = "\(names[actual]) taken for \(names[predicted]): \(count)"
      return "<td class=\"\(isRight ? "right" : "wrong")\" style=\"--s:\(fixed(strength, 2))\" "
        + "title=\"\(hint)\">\(count == 0 ? "" : String(count))</td>"
    }
    let recall = matrix.recall(actual).map { fixed($0 * 100, 1) } ?? "–"
    return "<tr><th scope=\"row\">\(names[actual])</th>\(cells.joined())"
      + "<td class=\"share\">\(recall)</td></tr>"
  }

  /// The surest ones first.
  private var mistakes: [(offset: Int, element: Evaluation.Prediction)] {
    evaluation.predictions.enumerated()
      .filter { $0.element.predicted != $0.element.label }
      .sorted { $0.element.probability > $1.element.probability }
  }

  private func picture(_ index: Int, _ prediction: Evaluation.Prediction) -> ReportPage.Picture {
    let size = images.size
    let image = Image(
      height: size.height, width: size.width, channels: size.channels,
      pixels: Array(images.pixels(of: index)))
    let names = images.classNames
    return .init(
      image, caption: "\(names[prediction.label]) → \(names[prediction.predicted])",
      note: "\(fixed(prediction.probability * 100, 0)) % sure")
  }
}
