import ApusFormats
import ApusTrain
import ArgumentParser

struct Predict: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what images show.",
    discussion: """
      Images of any size are brought to the model's. The embedded digits are light on dark; for dark \
      ink on light paper give --invert.
      """)

  @Argument(help: "The folder that 'apus train --output' wrote.")
  var bundle: String

  @Argument(help: "PNG or JPEG files.")
  var images: [String]

  @Flag(help: "Turn light into dark and dark into light first.")
  var invert = false

  @OptionGroup var display: OutputOptions

  private struct Report: Encodable {
    var predictions: [Prediction]
  }

  private struct Prediction: Encodable {
    var image: String
    /// The name of the class with the greatest probability.
    var label: String
    var probability: Double
    /// By class name.
    var probabilities: [String: Double]
  }

  func run() async throws { try await display.reporting(predict) }

  private func predict() async throws {
    let classifier = try Classifier(bundle: bundle)
    var predictions: [Prediction] = []
    var lines: [String] = []
    for path in images {
      let image = try ImageFile.read(path: path)
      let probabilities = try classifier.probabilities(invert ? image.inverted : image)
      let ranking = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
      let names = classifier.classNames
      predictions.append(
        Prediction(
          image: path, label: names[ranking[0]], probability: probabilities[ranking[0]],
          probabilities: Dictionary(uniqueKeysWithValues: zip(names, probabilities))))
      let runnersUp = ranking.dropFirst().prefix(2).map { "\(names[$0]) \(percent(probabilities[$0]))" }
      lines.append(
        "\(path): \(names[ranking[0]])  \(percent(probabilities[ranking[0]]))"
          + "  (then \(runnersUp.joined(separator: ", ")))")
    }
    try display.print(Report(predictions: predictions), text: lines.joined(separator: "\n"))
  }
}

extension Image {
  /// Light for dark and dark for light.
  fileprivate var inverted: Image {
    Image(height: height, width: width, channels: channels, pixels: pixels.map { 255 - $0 })
  }
}
