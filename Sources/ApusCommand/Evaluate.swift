import ApusData
import ApusFormats
import ApusTrain
import ArgumentParser

struct Evaluate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell how well a model does on held-out data.")

  @Argument(help: "The folder that 'apus train --output' wrote.")
  var bundle: String

  @Option(help: "The images; those that the model was trained on if left out.")
  var data: String?

  @OptionGroup var display: OutputOptions

  private struct Report: Encodable {
    var accuracy: Double
    var loss: Double
    var count: Int
    var correct: Int
    var data: String
    var classNames: [String]
    /// `confusion[actual][predicted]`
    var confusion: [[Int]]
  }

  func run() async throws { try await display.reporting(evaluate) }

  private struct OtherReport: Encodable {
    var model: String
    var data: String
    var count: Int
    /// By name; see Docs/Configuration.md.
    var metrics: [String: Double]
  }

  private func evaluate() async throws {
    if let other = try ConfiguredTraining.evaluation(of: RunFolder(path: bundle)) {
      guard data == nil else {
        throw CommandError("--data is for classifiers of images; \(bundle) is evaluated on the data of its config.yaml.")
      }
      let report = OtherReport(model: other.model, data: other.data, count: other.count, metrics: other.metrics)
      return try display.print(report, text: other.summary)
    }
    let classifier = try Classifier(bundle: bundle)
    let record = try BundleDescription(folder: bundle).training
    guard let name = data ?? record?.data else {
      throw CommandError("\(bundle) does not say what the model was trained on; give --data.")
    }
    var dataset = try ImageDataset.open(
      name, fit: ImageFit(classifier.size), classNames: classifier.classNames)
    // What was trained on must not be held out here.
    if let record, let share = record.heldOut, record.data == name {
      dataset = try dataset.split(heldOut: share, seed: record.seed)
    }
    let evaluation = try classifier.evaluate(dataset.heldOut)
    let confusion = evaluation.confusion
    let report = Report(
      accuracy: evaluation.accuracy, loss: evaluation.loss, count: confusion.total,
      correct: confusion.correct, data: name, classNames: confusion.classNames,
      confusion: confusion.counts)
    try display.print(
      report,
      text: """
        \(confusion.table)

        accuracy on \(confusion.total) held-out images of \(name): \(percent(evaluation.accuracy))
        """)
  }
}
