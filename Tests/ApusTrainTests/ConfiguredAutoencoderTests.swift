import Apus
import ApusData
import ApusFormats
import Foundation
import Testing

@testable import ApusTrain

/// Images through few numbers and back.
@Suite struct ConfiguredAutoencoderTests {
  private func configuration(_ rest: String) throws -> TrainingConfiguration {
    try TrainingConfiguration(yaml: "data: {path: digits, heldOut: 0.5}\nshift: 0\n\(rest)", file: "c.yaml")
  }

  @Test(arguments: ["autoencoder", "vae"])
  func imagesComeBack(model: String) async throws {
    try await withFolder { folder in
      let configuration = try configuration(
        "model: {name: \(model), latent: 8, width: 8}\nepochs: 20\nbatchSize: 32\nlearningRate: 0.01")
      let place = RunFolder(path: folder)
      try place.prepare()
      let result = try await ConfiguredTraining(configuration).run(in: place, progress: SilentProgress()) { _ in false }
      // The mean image has an error of 0.07.
      #expect(result.metrics["mse"]! < 0.055, "\(result.metrics)")
      #expect(model == "vae" ? result.metrics["loss"]! > 10 : result.metrics["loss"]! < 0.5, "\(result.metrics)")
      let page = try String(contentsOfFile: place.report, encoding: .utf8)
      #expect(page.contains("Reconstructions") && page.contains("New images") == (model == "vae"))
      #expect(try Inspection(path: folder).parameters == result.parameters)
      #expect {
        try Classifier(bundle: folder)
      } throws: { "\($0)".hasPrefix("\(folder): its model '\(model)' is made for images; 'apus predict'") }
    }
  }

  /// The random numbers of a step and of an evaluation follow from the seed.
  @Test(arguments: ["autoencoder", "vae"])
  func anInterruptedRunEndsWithTheSameBytes(model: String) async throws {
    try await withFolder { folder in
      let configuration = try configuration(
        "model: {name: \(model), latent: 4, width: 4}\noptimizer: {name: adam, ema: 0.9}\nepochs: 2\nbatchSize: 64")
      try await checkResumption(of: configuration, in: folder)
    }
  }

  @Test func aDryRunKnowsWhatTheRunDoes() throws {
    let run = try ConfiguredTraining.dryRun(configuration("model: {name: vae, latent: 8, width: 8}\nbatchSize: 32"))
    #expect(run.inputs == ["image": [8, 8, 1]] && run.classes == nil && run.unit == "images")
    // 8 × 8 is halved once; mean and variance of 8 numbers.
    let encoder = (16 * 8 + 8) + (4 * 4 * 8 * 16 + 16)
    #expect(run.layers.filter { $0.name.hasPrefix("encoder") }.reduce(0) { $0 + $1.parameters } == encoder)
    #expect(run.layers.first { $0.name == "decoder.output" }?.output == [8, 8, 1])
    #expect(run.step.flops > 2 * 32 * run.inference.flops)
    // A loss of samples, and the error of means.
    #expect(run.evaluation.flops > run.evaluation.batch * run.inference.flops)
  }

  @Test func whatDoesNotFitIsASentence() throws {
    let cases: [(rest: String, sentence: String)] = [
      ("model: vae\nloss: huber", "c.yaml:4:7: 'loss': vae has one of its own; leave it out."),
      (
        "model: autoencoder\nmetrics: [f1]",
        "c.yaml:4:1: 'metrics': where the data is images and the model 'autoencoder', there is no 'f1'; loss, mse are "
          + "always there."
      ),
      (
        "model: vae\ncallbacks: [checkpoint: {best: validation/accuracy}]",
        "c.yaml:4:1: 'callbacks': there is no metric 'validation/accuracy'. Those of this run are loss, "
          + "validation/loss, validation/mse; others are listed in 'metrics'."
      ),
    ]
    for (rest, sentence) in cases {
      do {
        _ = try ConfiguredTraining.dryRun(configuration(rest))
        Issue.record("no error, expected: \(sentence)")
      } catch {
        if "\(error)" != sentence { Issue.record("got:      \(error)\nexpected: \(sentence)") }
      }
    }
  }
}
