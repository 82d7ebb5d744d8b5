import Apus
import ApusFormats
import Foundation
import Testing

@testable import ApusTrain

/// Texts of classes, in each kind of file.
@Suite struct ConfiguredTextsTests {
  /// Questions whose kind is that of their first word; what follows says nothing.
  private func questions(_ count: Int) -> [(label: String, text: String)] {
    let kinds = [("HUM:ind", "who"), ("LOC:city", "where"), ("NUM:date", "when")]
    let rest = ["wrote", "found", "is", "the", "song", "town", "old", "bird", "of", "birds"]
    var random: UInt64 = 3
    return (0..<count).map { row in
      let words = (0..<(2 + row % 9)).map { _ in
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return rest[Int(random >> 33) % rest.count]
      }
      let (label, first) = kinds[row * 7 % 3]
      return (label, ([first.capitalized] + words).joined(separator: " ") + " ?")
    }
  }

  private func write(_ kind: String, to folder: String, _ count: Int = 150) throws -> String {
    let path = "\(folder)/questions.\(kind)"
    let questions = questions(count)
    let text =
      switch kind {
      case "csv": "label,text\n" + questions.map { "\($0.label),\"\($0.text)\"\n" }.joined()
      case "jsonl": questions.map { "{\"label\": \"\($0.label)\", \"text\": \"\($0.text)\", \"more\": [1]}\n" }.joined()
      default: questions.map { "\($0.label) \($0.text)\n" }.joined()
      }
    try AtomicFile.write(text, to: path)
    return path
  }

  private func configuration(_ data: String, _ rest: String) throws -> TrainingConfiguration {
    try TrainingConfiguration(yaml: "data: {\(data)}\n\(rest)", file: "c.yaml")
  }

  private static let small = "model: {name: textCNN, width: 8, kernels: [1, 2], filters: 8}"

  @Test(arguments: ["csv", "jsonl", "txt"])
  func classesAreLearned(kind: String) async throws {
    try await withFolder { folder in
      let path = try write(kind, to: folder)
      let configuration = try configuration(
        "texts: \(path), labelUntil: \":\"",
        "\(ConfiguredTextsTests.small)\nepochs: 10\nbatchSize: 20\nlearningRate: 0.02\nmetrics: [f1]")
      let place = RunFolder(path: "\(folder)/run")
      try place.prepare()
      let result = try await ConfiguredTraining(configuration).run(in: place, progress: SilentProgress()) { _ in false }
      #expect(result.metrics["accuracy"]! > 0.8 && result.metrics["f1"] != nil, "\(result.metrics)")
      #expect(result.summary.hasSuffix("30 held-out texts: \(percent(result.metrics["accuracy"]!))"))
      let saved = try String(contentsOfFile: place.model, encoding: .utf8)
      #expect(saved.contains("\"where\"") && saved.contains("\"NUM\"") && !saved.contains("NUM:date"))
      let page = try String(contentsOfFile: place.report, encoding: .utf8)
      #expect(page.contains("Confusion matrix") && page.contains("Misclassified texts"))
    }
  }

  @Test func bertIsTrained() async throws {
    try await withFolder { folder in
      let path = try write("txt", to: folder)
      let configuration = try configuration(
        "texts: \(path), test: \(path), length: 9",
        "model: {name: bert, layers: 1, heads: 2, width: 32, dropout: 0}\nepochs: 12\nbatchSize: 25\nlearningRate: 0.01")
      let place = RunFolder(path: "\(folder)/run")
      try place.prepare()
      let result = try await ConfiguredTraining(configuration).run(in: place, progress: SilentProgress()) { _ in false }
      #expect(result.metrics["accuracy"]! > 0.7, "\(result.metrics)")
      let weights = try Safetensors.read(path: "\(place.path)/weights.safetensors")
      #expect(weights["bert.embeddings.position_embeddings.weight"]?.shape == [16, 32])
    }
  }

  @Test(arguments: ["textCNN, width: 8, kernels: [2], filters: 8", "bert, layers: 1, heads: 2, width: 8"])
  func anInterruptedRunEndsWithTheSameBytes(model: String) async throws {
    try await withFolder { folder in
      let path = try write("txt", to: folder)
      try await checkResumption(
        of: configuration("texts: \(path)", "model: {name: \(model)}\nepochs: 2\nbatchSize: 25"), in: folder)
    }
  }

  @Test func aDryRunKnowsWhatTheRunDoes() async throws {
    try await withFolder { folder in
      let path = try write("csv", to: folder)
      let run = try ConfiguredTraining.dryRun(
        configuration("texts: \(path)", "\(ConfiguredTextsTests.small)\nbatchSize: 50"))
      // Three special words, 3 that ask, 10 others and the mark; up to 12 words, filled up to 16.
      #expect(run.inputs == ["words": [16]] && run.classes == 3 && run.unit == "texts")
      #expect(run.parameters == 17 * 8 + (8 * 8 + 8) + (8 * 8 * 2 + 8) + 16 * 3 + 3)
      #expect(run.samples == 120 && run.heldOutSamples == 30 && run.stepsPerEpoch == 3)
      #expect(run.layers.first { $0.name == "fc" }?.output == [3])
    }
  }

  @Test func whatDoesNotFitIsASentence() async throws {
    try await withFolder { folder in
      let (csv, lines) = (try write("csv", to: folder), "\(folder)/lines.txt")
      try AtomicFile.write("good fine words\n\nbad\n", to: lines)
      let records = "\(folder)/records.jsonl"
      try AtomicFile.write("{\"text\": \"a b\", \"label\": 1}\n{\"text\": \"a b\"}\n", to: records)
      let one = "\(folder)/one.txt"
      try AtomicFile.write("good fine words\ngood more words\ngood words\n", to: one)
      let cases: [(data: String, sentence: String)] = [
        ("texts: \(lines)", "\(lines): line 3 has no text beside the class 'bad'."),
        ("texts: \(records)", "\(records): record 2 has no text 'label'."),
        (
          "texts: \(csv), column: words",
          "\(csv): a type is declared for 'words', but the columns are label, text."
        ),
        (
          "texts: \(csv), target: text",
          "c.yaml:1:7: texts: 'column' and 'target' are both 'text'; one has the text, the other the class."
        ),
        ("texts: \(one)", "c.yaml:1:7: texts: all texts are of the class 'good'; there is nothing to learn."),
        (
          "texts: \(csv), test: \(one)",
          "\(one): the class 'good' is that of no text that is trained on; those are HUM:ind, LOC:city, NUM:date."
        ),
      ]
      for (data, sentence) in cases {
        do {
          _ = try ConfiguredTraining.dryRun(configuration(data, ""))
          Issue.record("no error, expected: \(sentence)")
        } catch {
          if "\(error)" != sentence { Issue.record("got:      \(error)\nexpected: \(sentence)") }
        }
      }
    }
  }
}
