import Apus
import ApusData
import ApusFormats
import Foundation
import Testing

@testable import ApusTrain

/// Texts, of which models learn what comes next.
@Suite struct ConfiguredLanguageModelTests {
  /// Sentences that repeat, so that most of what comes next can be known.
  private func write(to folder: String, lines: Int = 200) throws -> String {
    let words = ["swifts", "sleep", "while", "they", "fly", "south"]
    let text = (0..<lines).map { line in words[(line % 3)...].joined(separator: " ") + ".\n" }.joined()
    let path = "\(folder)/birds.txt"
    try AtomicFile.write(text, to: path)
    return path
  }

  private func configuration(_ data: String, _ rest: String) throws -> TrainingConfiguration {
    try TrainingConfiguration(yaml: "data: {\(data)}\n\(rest)", file: "c.yaml")
  }

  private static let small = ["gpt, layers: 1, heads: 2, width: 16", "lstm, layers: 1, width: 24"]

  @Test(arguments: small)
  func whatComesNextIsLearned(model: String) async throws {
    try await withFolder { folder in
      let path = try write(to: folder)
      let configuration = try configuration(
        "text: \(path), length: 16, heldOut: 0.2",
        "model: {name: \(model)}\nepochs: \(model.hasPrefix("gpt") ? 6 : 8)\nbatchSize: 8\nlearningRate: 0.02\n")
      let place = RunFolder(path: "\(folder)/run")
      try place.prepare()
      let result = try await ConfiguredTraining(configuration).run(in: place, progress: SilentProgress()) { _ in false }
      // 18 characters; to know nothing but how often they come costs 2.7.
      let loss = try #require(result.metrics["loss"])
      #expect(loss < 1.2, "\(loss)")
      #expect(abs(result.metrics["perplexity"]! - exp(loss)) < 1e-9)
      let weights = try Safetensors.read(path: "\(place.path)/weights.safetensors")
      #expect(!weights.isEmpty && !weights.keys.contains { $0.hasPrefix("carried") })
      let page = try String(contentsOfFile: place.report, encoding: .utf8)
      #expect(page.contains("What it writes") && page.contains("500 tokens, temperature 0.8"))
      let saved = try String(contentsOfFile: place.model, encoding: .utf8)
      #expect(saved.contains("\"kind\" : \"text\"") && saved.contains("\"characters\""))
    }
  }

  @Test(arguments: small)
  func anInterruptedRunEndsWithTheSameBytes(model: String) async throws {
    try await withFolder { folder in
      let path = try write(to: folder)
      try await checkResumption(
        of: configuration(
          "text: \(path), length: 16",
          "model: {name: \(model), dropout: 0.1}\noptimizer: {name: adamW, clip: 1}\nepochs: 2\nbatchSize: 10"),
        in: folder)
    }
  }

  /// The encoding is learned from what is trained on, and kept.
  @Test func bytePairsAreTokens() async throws {
    try await withFolder { folder in
      let path = try write(to: folder, lines: 600)
      let configuration = try configuration(
        "text: \(path), tokens: bytePair, vocabulary: 280, length: 8",
        "model: {name: gpt, layers: 1, heads: 1, width: 8}\nepochs: 1\nbatchSize: 16")
      let text = try EncodedText(configuration)
      #expect(text.tokens.count > 260 && text.tokens.count <= 280)
      #expect(text.training.count < 600 * 20 && text.tokens.decode(text.training).hasPrefix("swifts sleep"))
      let place = RunFolder(path: "\(folder)/run")
      try place.prepare()
      let result = try await ConfiguredTraining(configuration).run(in: place, progress: SilentProgress()) { _ in false }
      #expect(result.isFinished)
      let encoding = try BytePairEncoding(path: place.tokenizer)
      #expect(encoding.count == text.tokens.count && encoding.encode("while they") == text.tokens.encode("while they"))
      try place.clear()
      #expect(!FileManager.default.fileExists(atPath: place.tokenizer))
    }
  }

  @Test func aDryRunKnowsWhatTheRunDoes() async throws {
    try await withFolder { folder in
      let path = try write(to: folder)
      let run = try ConfiguredTraining.dryRun(
        configuration("text: \(path), length: 16", "model: {name: lstm, layers: 1, width: 24}\nbatchSize: 8"))
      let text = try EncodedText(configuration("text: \(path), length: 16", ""))
      #expect(run.inputs == ["tokens": [16]] && run.unit == "windows" && run.classes == nil)
      #expect(run.stepsPerEpoch == (text.training.count - 1) / 8 / 16 && run.samples == 8 * run.stepsPerEpoch)
      let weights = text.tokens.count * 24 + text.tokens.count + 2 * (96 * 24 + 96)
      #expect(run.trainableParameters == weights)
      #expect(run.parameters == weights + 2 * 8 * 24)
      #expect(run.layers.contains { $0.name == "rnn" && $0.output == [16, 24] }, "\(run.layers)")
      #expect(run.evaluation.batch == 8 && run.step.peakMemoryBytes > run.evaluation.peakMemoryBytes)
    }
  }

  @Test func whatDoesNotFitIsASentence() async throws {
    try await withFolder { folder in
      let path = try write(to: folder, lines: 10)
      let cases: [(data: String, rest: String, sentence: String)] = [
        (
          "length: 200", "",
          "c.yaml:1:7: text: \(path) has 261 tokens to train on and 29 held out; each part needs more than a window's "
            + "'length', 200."
        ),
        (
          "length: 16", "model: lstm",
          "'batchSize' 64 is too large: 261 tokens to train on have no 64 streams of windows of 16."
        ),
        (
          "length: 16", "metrics: [f1]",
          "c.yaml:2:1: 'metrics': where the data is a text and the model 'gpt', there is no 'f1'; loss, perplexity are "
            + "always there."
        ),
        ("length: 16", "model: {name: gpt, heads: 3}", "c.yaml:2:8: gpt: 'width' 128 cannot be split among 3 'heads'."),
        (
          "length: 16", "loss: huber",
          "c.yaml:2:7: 'loss': what is predicted here are classes, for which there is crossEntropy."
        ),
      ]
      for (data, rest, sentence) in cases {
        do {
          _ = try ConfiguredTraining.dryRun(configuration("text: \(path), \(data)", rest))
          Issue.record("no error, expected: \(sentence)")
        } catch {
          if "\(error)" != sentence { Issue.record("got:      \(error)\nexpected: \(sentence)") }
        }
      }
    }
  }
}
