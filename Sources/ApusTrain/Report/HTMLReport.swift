import ApusData
import ApusFormats
import Foundation

/// A page about one training run that needs no other file: curves, confusion matrix, misclassified
/// images, settings.
public struct HTMLReport {
  let position: Checkpoint.Position
  let description: RunDescription
  let parameterCount: Int
  let images: LabeledImages
  let evaluation: Evaluation

  /// More images than this would not be looked at.
  private static let maximumImageCount = 60

  public init(
    position: Checkpoint.Position, description: RunDescription, parameterCount: Int,
    images: LabeledImages, evaluation: Evaluation
  ) {
    self.position = position
    self.description = description
    self.parameterCount = parameterCount
    self.images = images
    self.evaluation = evaluation
  }

  public var html: String {
    let configuration = position.configuration
    let title = "\(configuration.model) on \(HTML.escaped(configuration.data))"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(title) · Apus</title>
      <style>\(HTMLReport.style)</style>
      </head>
      <body>
      <main>
      <header><p class="brand">Apus training report</p><h1>\(title)</h1></header>
      \(tiles)
      <section class="charts">\(charts)</section>
      <section><h2>Confusion matrix</h2>
      <p class="note">Rows are what the images show, columns what the model took them for.</p>
      \(confusionMatrix)</section>
      <section><h2>Misclassified images</h2>\(pictures)</section>
      <section><h2>Settings</h2>\(settings)</section>
      </main>
      </body>
      </html>

      """
  }

  private var tiles: String {
    let wrong = evaluation.confusion.total - evaluation.confusion.correct
    let seconds = position.history.reduce(0) { $0 + $1.seconds }
    let figures = [
      (percent(evaluation.accuracy), "held-out accuracy"),
      ("\(grouped(wrong)) of \(grouped(evaluation.confusion.total))", "misclassified"),
      (fixed(evaluation.loss, 4), "held-out loss"),
      ("\(position.history.count)", "epochs"),
      (grouped(parameterCount), "parameters"),
      ("\(fixed(seconds, 1)) s", "training time"),
    ]
    let items = figures.map { "<div><b>\($0.0)</b><span>\($0.1)</span></div>" }
    return "<section class=\"tiles\">\(items.joined())</section>"
  }

  private var charts: String {
    let history = position.history
    let loss = LineChart(
      title: "Loss",
      series: [
        .init(name: "training", style: "a", values: history.map(\.trainingLoss)),
        .init(name: "held out", style: "b", values: history.map(\.validationLoss)),
      ], includes: 0...0.1
    ) { fixed($0, 3) }
    let accuracy = LineChart(
      title: "Accuracy",
      series: [.init(name: "held out", style: "b", values: history.map(\.validationAccuracy))],
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

  private var pictures: String {
    let wrong = evaluation.predictions.enumerated()
      .filter { $0.element.predicted != $0.element.label }
      .sorted { $0.element.probability > $1.element.probability }
    guard !wrong.isEmpty else { return "<p class=\"note\">There are none.</p>" }
    let shown = wrong.prefix(HTMLReport.maximumImageCount)
    let figures = shown.map { picture($0.offset, $0.element) }
    let count = shown.count < wrong.count ? "The \(shown.count) surest of \(wrong.count)" : "All \(wrong.count)"
    return """
      <p class="note">\(count), the surest mistakes first: what it is → what the model took it for.</p>
      <div class="pictures">\(figures.joined(separator: "\n"))</div>
      """
  }

  private func picture(_ index: Int, _ prediction: Evaluation.Prediction) -> String {
    let size = images.size
    let image = Image(
      height: size.height, width: size.width, channels: size.channels,
      pixels: Array(images.pixels(of: index)))
    let data = Data(PNG.encode(image)).base64EncodedString()
    let actual = HTML.escaped(images.classNames[prediction.label])
    let predicted = HTML.escaped(images.classNames[prediction.predicted])
    return "<figure><img alt=\"\(actual) taken for \(predicted)\" src=\"data:image/png;base64,\(data)\">"
      + "<figcaption>\(actual) → \(predicted)<small>\(fixed(prediction.probability * 100, 0)) % sure</small>"
      + "</figcaption></figure>"
  }

  private var settings: String {
    let configuration = position.configuration
    let rows: [(String, String)] = [
      ("data", configuration.data), ("model", configuration.model),
      ("epochs", "\(configuration.epochs)"), ("batchSize", "\(configuration.batchSize)"),
      ("learningRate", "\(configuration.learningRate)"),
      ("weightDecay", "\(configuration.weightDecay)"), ("shift", "\(configuration.shift)"),
      ("imageSize", configuration.imageSize.map(String.init) ?? "–"),
      ("seed", "\(configuration.seed)"), ("Apus", description.apusVersion),
      ("Swift", description.swiftVersion), ("system", description.operatingSystem),
      ("processors", "\(description.processors)"),
      ("git revision", description.gitRevision ?? "–"),
    ]
    let cells = rows.map { "<tr><th scope=\"row\">\($0.0)</th><td>\(HTML.escaped($0.1))</td></tr>" }
    return "<table class=\"settings\"><tbody>\(cells.joined())</tbody></table>"
  }
}
