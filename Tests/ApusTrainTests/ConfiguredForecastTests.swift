import Apus
import ApusFormats
import Foundation
import Testing

@testable import ApusTrain

/// Series in time, and what follows.
@Suite struct ConfiguredForecastTests {
  /// Two channels whose seasons of 12 grow, beside texts that are no channels.
  private func write(to folder: String, rows: Int = 240) throws -> String {
    let lines = (0..<rows).map { row in
      let season = sin(Double(row) * 2 * .pi / 12)
      return "month \(row),\(100 + Double(row) * 0.5 + 10 * season),\(20 - 3 * season)\n"
    }
    let path = "\(folder)/sales.csv"
    try AtomicFile.write("month,sold,returned\n" + lines.joined(), to: path)
    return path
  }

  private func configuration(_ data: String, _ rest: String = "") throws -> TrainingConfiguration {
    try TrainingConfiguration(yaml: "data: {\(data)}\n\(rest)", file: "c.yaml")
  }

  @Test func theForecastIsBetterThanTheLastSeason() async throws {
    try await withFolder { folder in
      let path = try write(to: folder)
      let configuration = try configuration(
        "series: \(path), history: 36, horizon: 12",
        "model: {name: dlinear, window: 13}\nloss: meanAbsoluteError\nepochs: 20\nbatchSize: 16\nlearningRate: 0.01")
      let place = RunFolder(path: "\(folder)/run")
      try place.prepare()
      let result = try await ConfiguredTraining(configuration).run(in: place, progress: SilentProgress()) { _ in false }
      #expect(result.metrics["improvement"]! > 0.3, "\(result.metrics)")
      #expect(abs(result.metrics["loss"]! - result.metrics["mae"]!) < 1e-6)
      #expect(result.summary.contains("below that of the last season"))
      let page = try String(contentsOfFile: place.report, encoding: .utf8)
      #expect(page.contains("last season") && page.contains("Of returned, from windows"))
      let saved = try String(contentsOfFile: place.model, encoding: .utf8)
      #expect(saved.contains("\"sold\"") && saved.contains("\"deviations\""))
    }
  }

  @Test func anInterruptedRunEndsWithTheSameBytes() async throws {
    try await withFolder { folder in
      let path = try write(to: folder)
      try await checkResumption(
        of: configuration(
          "series: \(path), columns: [sold], history: 24, horizon: 6, heldOut: 0.3", "epochs: 2\nbatchSize: 32"),
        in: folder)
    }
  }

  @Test func aDryRunKnowsWhatTheRunDoes() async throws {
    try await withFolder { folder in
      let path = try write(to: folder)
      let run = try ConfiguredTraining.dryRun(configuration("series: \(path), history: 36, horizon: 12", "batchSize: 32"))
      #expect(run.parameters == 2 * (36 * 12 + 12) && run.inputs == ["past": [36, 2]] && run.unit == "windows")
      // 192 rows to train on, 48 held out.
      #expect(run.samples == 192 - 36 - 12 + 1 && run.heldOutSamples == 48 - 12 + 1)
      #expect(run.inference.flops >= 2 * 2 * 2 * 36 * 12)
    }
  }

  @Test func whatDoesNotFitIsASentence() async throws {
    try await withFolder { folder in
      let path = try write(to: folder)
      let gap = "\(folder)/gap.csv"
      try AtomicFile.write("a\n1\n2\n\"\"\n4\n5\n6\n7\n8\n", to: gap)
      let cases: [(data: String, rest: String, sentence: String)] = [
        (
          "series: \(path), columns: [solt]", "",
          "c.yaml:1:7: series: \(path) has no column 'solt'. Did you mean 'sold'? Its columns are month, sold, returned."
        ),
        (
          "series: \(path), history: 180", "",
          "c.yaml:1:7: series: \(path) has 192 rows to train on and 48 held out; a window needs 'history' 180 and "
            + "'horizon' 24 of the first, and 'horizon' of the others."
        ),
        (
          "series: \(path), history: 12, horizon: 12, season: 24", "",
          "c.yaml:1:7: series: 'history' 12 is less than a season of 24, which the forecast is compared with."
        ),
        (
          "series: \(path), history: 36", "model: {name: dlinear, window: 4}",
          "c.yaml:2:8: dlinear: 'window' 4 must be odd."
        ),
        (
          "series: \(path), history: 36", "loss: focal",
          "c.yaml:2:7: 'loss': what is predicted here are numbers, for which there are meanSquaredError, "
            + "meanAbsoluteError and huber."
        ),
        (
          "series: \(gap), history: 2, horizon: 1", "",
          "\(gap): the column 'a' has no number in row 3 of the data; fill gaps before windows are cut."
        ),
      ]
      for (data, rest, sentence) in cases {
        do {
          _ = try ConfiguredTraining.dryRun(configuration(data, rest))
          Issue.record("no error, expected: \(sentence)")
        } catch {
          if "\(error)" != sentence { Issue.record("got:      \(error)\nexpected: \(sentence)") }
        }
      }
    }
  }
}
