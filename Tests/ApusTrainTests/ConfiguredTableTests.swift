import Apus
import ApusFormats
import Foundation
import Testing

@testable import ApusTrain

/// Rows of CSV files, to classes and to numbers.
@Suite struct ConfiguredTableTests {
  /// Fruits whose kind follows from colour and weight, and whose price follows from weight and place.
  private func write(to folder: String, rows: Int = 240) throws -> String {
    var random: UInt64 = 7
    func number(_ limit: Int) -> Int {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(random >> 33) % limit
    }
    var text = "weight,colour,place,kind,price,id\n"
    for row in 0..<rows {
      let (weight, colour, place) = (50 + number(200), ["red", "green", "yellow"][number(3)], ["north", "south"][number(2)])
      let kind = colour == "yellow" ? "banana" : weight > 150 ? "melon" : "apple"
      let price = Double(weight) / 100 + (place == "north" ? 1 : 0) + 0.005
      text += "\(row % 40 == 3 ? "?" : String(weight)),\(colour),\(place),\(kind),\(price),fruit-\(row)\n"
    }
    let path = "\(folder)/fruits.csv"
    try AtomicFile.write(text, to: path)
    return path
  }

  private func configuration(_ data: String, _ rest: String = "") throws -> TrainingConfiguration {
    try TrainingConfiguration(yaml: "data: {\(data)}\n\(rest)", file: "c.yaml")
  }

  private func run(_ configuration: TrainingConfiguration, in folder: String) async throws -> ConfiguredTraining.Result {
    let place = RunFolder(path: folder)
    try place.prepare()
    return try await ConfiguredTraining(configuration).run(in: place, progress: SilentProgress()) { _ in false }
  }

  @Test func classesAreLearned() async throws {
    try await withFolder { folder in
      let path = try write(to: folder)
      let configuration = try configuration(
        "table: \(path), target: kind, ignore: [id, price], missing: [\"?\"], heldOut: 0.25",
        "model: {name: tabularMLP, hidden: [16]}\nepochs: 12\nbatchSize: 16\nlearningRate: 0.01\nmetrics: [f1, logLoss]")
      let result = try await run(configuration, in: "\(folder)/run")
      #expect(result.isFinished && result.metrics["accuracy"]! > 0.85, "\(result.metrics)")
      #expect(result.metrics["f1"] != nil && result.metrics["logLoss"] == result.metrics["loss"])
      #expect(result.summary.contains("60 held-out rows"))
      let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/run")
      #expect(
        Set(["weights.safetensors", "model.json", "report.html", "config.yaml", "history.json"]).isSubset(of: files))
      let model = try String(contentsOfFile: "\(folder)/run/model.json", encoding: .utf8)
      #expect(model.contains("\"banana\"") && model.contains("\"mean\"") && model.contains("\"yellow\""))
      let page = try String(contentsOfFile: "\(folder)/run/report.html", encoding: .utf8)
      #expect(page.contains("Confusion matrix") && page.contains("melon"))
      let again = try TrainingConfiguration(path: "\(folder)/run/config.yaml")
      let isRepeated = again == configuration
      #expect(isRepeated)
      #expect {
        try Classifier(bundle: "\(folder)/run")
      } throws: { error in
        "\(error)" == "\(folder)/run: its model 'tabularMLP' is made for a table; 'apus predict' takes "
          + "classifiers of images alone. Its weights are in weights.safetensors, what else it needs in model.json."
      }
      #expect(try Inspection(path: "\(folder)/run").tensors?.isEmpty == false)
      #expect(try ConfiguredTraining.evaluation(of: RunFolder(path: folder))?.count == nil)
      let weights = try Safetensors.read(path: "\(folder)/run/weights.safetensors")
      #expect(weights["hidden.0.weight"] != nil && weights["embeddings.1.weight"] != nil)
    }
  }

  /// The metrics are in the unit of the column.
  @Test func numbersArePredicted() async throws {
    try await withFolder { folder in
      let path = try write(to: folder)
      let configuration = try configuration(
        "table: \(path), target: price, numeric: [weight], categorical: [place], missing: [\"?\"]",
        """
        model: {layers: [linear: 16, relu, linear: outputs]}
        loss: huber
        optimizer: adam
        epochs: 30
        batchSize: 16
        learningRate: 0.01
        metrics: [r2, rmse]
        """)
      let result = try await run(configuration, in: "\(folder)/run")
      #expect(result.metrics["r2"]! > 0.8, "\(result.metrics)")
      #expect(result.metrics["mae"]! < 0.3 && result.metrics["rmse"]! >= result.metrics["mae"]!)
      #expect(result.summary.hasPrefix("48 held-out rows: loss "))
      let page = try String(contentsOfFile: "\(folder)/run/report.html", encoding: .utf8)
      #expect(page.contains("Predictions"))
    }
  }

  @Test(arguments: ["weight", "colour"])
  func columnsOfOneKindAreEnough(column: String) async throws {
    try await withFolder { folder in
      let path = try write(to: folder, rows: 65)
      let role = column == "weight" ? "numeric" : "categorical"
      let others = ["weight", "colour", "place", "price", "id"].filter { $0 != column }.joined(separator: ", ")
      let configuration = try configuration(
        "table: \(path), target: kind, \(role): [\(column)], ignore: [\(others)], missing: [\"?\"], test: \(path)",
        "epochs: 1\nbatchSize: 32")
      let result = try await run(configuration, in: "\(folder)/run")
      #expect(result.isFinished && result.metrics["loss"]!.isFinite)
    }
  }

  @Test func anInterruptedRunEndsWithTheSameBytes() async throws {
    try await withFolder { folder in
      let path = try write(to: folder)
      try await checkResumption(
        of: configuration(
          "table: \(path), target: kind, ignore: [id], missing: [\"?\"]",
          "optimizer: {name: adamW, ema: 0.9}\ncallbacks: [csvLog]\nepochs: 3\nbatchSize: 40"), in: folder)
    }
  }

  @Test func aDryRunKnowsWhatTheRunDoes() async throws {
    try await withFolder { folder in
      let path = try write(to: folder)
      let run = try ConfiguredTraining.dryRun(
        configuration(
          "table: \(path), target: kind, ignore: [id, price], missing: [\"?\"]",
          "model: {name: tabularMLP, hidden: [16]}\nbatchSize: 50"))
      // Weight and its mark, colours and places in embeddings of 2 each.
      #expect(run.inputs == ["numbers": [2], "categories": [2]] && run.classes == 3)
      let tables = 4 * 2 + 3 * 2
      #expect(run.trainableParameters == tables + 2 * 2 + 6 * 16 + 16 + 2 * 16 + 16 * 3 + 3)
      #expect(run.samples == 192 && run.heldOutSamples == 48 && run.stepsPerEpoch == 4 && run.unit == "rows")
      #expect(run.layers.first { $0.name == "output" }?.output == [3])
      #expect(run.step.peakMemoryBytes > 3 * run.parameterBytes && run.step.flops > 3 * run.inference.flops)
      #expect(run.text.contains("categories [2], numbers [2], 3 classes") && run.text.contains("inference (1 row)"))
    }
  }

  @Test func whatDoesNotFitIsASentence() async throws {
    try await withFolder { folder in
      let path = try write(to: folder)
      let cases: [(data: String, rest: String, sentence: String)] = [
        (
          "target: kimd", "",
          "c.yaml:1:7: table: \(path) has no column 'kimd'. Did you mean 'kind'? Its columns are weight, colour, "
            + "place, kind, price, id."
        ),
        (
          "target: kind", "",
          "c.yaml:1:7: table: the column 'weight' of \(path) has many different texts; list it in 'ignore', or list "
            + "all categories in 'categorical'."
        ),
        (
          "target: kind, numeric: [colour]", "",
          "c.yaml:1:7: table: the column 'colour' of \(path) has texts; list it in 'categorical'."
        ),
        (
          "target: kind, ignore: [colour, kind]", "",
          "c.yaml:1:7: table: the column 'kind' is in 'target' and in 'ignore'."
        ),
        (
          "target: kind, task: regression, categorical: [colour]", "",
          "c.yaml:1:7: table: the column 'kind' of \(path) has no numbers; 'task: classification' predicts classes."
        ),
        (
          "target: kind, categorical: [colour], numeric: [price]", "metrics: [r2]",
          "c.yaml:2:1: 'metrics': r2 is for numbers; what is predicted here are classes, for which there are top2, top3, top5, "
            + "precision, recall, f1, meanIoU, rocAUC, prAUC, logLoss, perplexity, calibrationError."
        ),
        (
          "target: price, categorical: [colour]", "loss: crossEntropy",
          "c.yaml:2:7: 'loss': what is predicted here are numbers, for which there are meanSquaredError, "
            + "meanAbsoluteError and huber."
        ),
        (
          "target: price, categorical: [colour]", "model: {layers: [linear: 3]}",
          "c.yaml:2:8: layers: they end with [3] for each example, but one number is predicted; end with "
            + "'linear: outputs'."
        ),
        (
          "target: kind, categorical: [colour]", "callbacks: [earlyStopping: {metric: validation/mae}]",
          "c.yaml:2:1: 'callbacks': there is no metric 'validation/mae'. Those of this run are loss, validation/loss, "
            + "validation/accuracy; others are listed in 'metrics'."
        ),
      ]
      for (data, rest, sentence) in cases {
        do {
          _ = try ConfiguredTraining.dryRun(configuration("table: \(path), \(data)", rest))
          Issue.record("no error, expected: \(sentence)")
        } catch {
          if "\(error)" != sentence { Issue.record("got:      \(error)\nexpected: \(sentence)") }
        }
      }
    }
  }
}
