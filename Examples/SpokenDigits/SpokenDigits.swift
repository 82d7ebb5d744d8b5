import Apus
import ApusData
import ApusModels
import ApusTrain
import ArgumentParser

/// A small network on spectrograms of spoken digits.
///
/// The standard split: the first five recordings of each digit by each speaker are the test set. With
/// `--held-out`, all recordings of one speaker are, and the network has never heard the voice.
struct SpokenDigits: Example {
  static let configuration = CommandConfiguration(
    commandName: "spoken-digits", abstract: "A CNN on spoken digits: at least 95 % on the standard split.")
  static let dataNames = ["fsdd"]

  @OptionGroup var options: ExampleOptions

  @Option(help: "Test on this speaker alone, and train on all others.")
  var heldOut: String?

  @Option(help: "How often all recordings are seen.")
  var epochs = 30

  var settings: [(String, String)] { [("held out", heldOut ?? "none"), ("epochs", "\(epochs)")] }

  func train() async throws -> ExampleScore {
    let all = try SpokenDigitRecordings(folder: dataPath())
    if let heldOut, !all.speakers.contains(heldOut) {
      throw ValidationError("there is no speaker '\(heldOut)'; there are \(all.speakers.joined(separator: ", ")).")
    }
    func isTest(_ recording: SpokenDigitRecordings.Recording) -> Bool {
      heldOut.map { recording.speaker == $0 } ?? (recording.number < 5)
    }
    let training = SpokenDigitBatches(recordings: all.recordings.filter { !isTest($0) })
    let test = SpokenDigitBatches(recordings: all.recordings.filter(isTest))
    let source = training.loader(batchSize: 32, seed: options.seed)
    let epochs = options.isShort ? 4 : epochs

    let sounds = SpokenDigitSpectrum()
    let masks = SpecAugment(bands: 6, frames: 12)
    let store = ParameterStore(seed: options.seed)
    let model = SpeechCommandNet(store.scope, .init(bands: SpokenDigitSpectrum.bands, classes: 10))
    let total = epochs * source.batchCount
    let optimizer = AdamW(learningRate: .warmupCosine(3e-3, warmup: total / 10, total: total))
    let step = Step(model, optimizer, seed: options.seed) { (model, batch: Batch) in
      crossEntropy(logits: model(sounds(batch.x), augment: masks.callAsFunction), labels: batch.y)
    }
    let logits = compiled { model(sounds($0)) }
    let trainer = try Trainer(
      step, store, source: source, options: TrainingOptions(epochs: epochs, readEvery: 20), folder: folder,
      callbacks: [ProgressDisplay(title: "CNN on spoken digits", unit: "recordings"), Checkpointing(), HistoryFile()])
    try await complete(trainer, from: start())

    // The last weights count: choosing an epoch by the test set would flatter them.
    let score = try SpokenDigitScore(test, logits)
    try report(trainer.context, test, score, sounds)
    let name = heldOut.map { "accuracy on \($0), never heard" } ?? "test accuracy"
    // For a voice that was never heard the figure is reported; the goal is the standard split's.
    return ExampleScore(name: name, value: score.confusion.accuracy, bar: heldOut == nil ? 0.95 : 0, isShare: true)
  }

  private func report(
    _ context: TrainingContext, _ test: SpokenDigitBatches, _ score: SpokenDigitScore, _ sounds: SpokenDigitSpectrum
  ) throws {
    let matrix = score.confusion
    var page = ReportPage(title: "Spoken digits")
    page.add(.tiles([
      .init("test accuracy", percent(matrix.accuracy)), .init("test recordings", "\(matrix.total)"),
      .init("parameters", "\(context.store.trainableCount)"),
      .init("split", heldOut.map { "without \($0)" } ?? "standard"),
    ]))
    page.add(.curves(context.position.history))
    page.add(
      .table(
        head: ["said"] + matrix.classNames,
        rows: matrix.counts.enumerated().map { digit, row in ["\(digit)"] + row.map(String.init) }),
      under: "What was said and what was understood")
    let speakers = score.speakers.sorted { $0.key < $1.key }.map { name, hits in
      [name, "\(hits.count)", percent(Double(hits.count { $0 }) / Double(hits.count))]
    }
    page.add(.table(head: ["speaker", "recordings", "accuracy"], rows: speakers), under: "Speakers")
    let wrong = score.mistakes.prefix(12)
    let shown = wrong.isEmpty ? Array(0..<min(6, test.recordings.count)) : wrong.map(\.index)
    let images = try sounds.images(test.batch(shown).x)
    let pictures = zip(shown, images).map { index, image in
      let recording = test.recordings[index]
      let understood = wrong.first { $0.index == index }.map { ", understood \($0.understood)" } ?? ""
      return ReportPage.Picture(image, caption: "\(recording.digit)\(understood)", note: recording.speaker)
    }
    page.add(
      .pictures(pictures), under: wrong.isEmpty ? "Some recordings" : "Mistakes",
      note: "Spectrograms: time from left to right, low frequencies at the bottom.")
    try write(page)
  }
}
