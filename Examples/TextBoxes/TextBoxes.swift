import Apus
import ApusData
import ApusModels
import ApusTrain
import ArgumentParser

/// Where on a page are words? Pages are made here of handwritten digits that are embedded in the program; those of
/// the pages that are scored do not occur in training.
struct TextBoxes: Example {
  static let configuration = CommandConfiguration(
    commandName: "text-boxes", abstract: "A detector of words on noisy pages: at least 0.9 F1 of its boxes.")

  @OptionGroup var options: ExampleOptions

  func train() async throws -> ExampleScore {
    let digits = Digits.dataset
    let epochs = options.isShort ? 3 : 4
    let loader = Loader(sampleCount: options.isShort ? 320 : 1_600, batchSize: 16, seed: options.seed) { request in
      TextBoxes.batch(request.indices.indices.map { place in
        var random = request.random(at: place)
        return TextPage(digits.training, &random)
      })
    }
    let test = pages(digits.heldOut, options.isShort ? 50 : 300, part: 0)
    let sample = pages(digits.training, 50, part: 1)

    let store = ParameterStore(seed: options.seed)
    let model = TextDetector(store.scope, .init(channels: 1))
    let total = epochs * loader.batchCount
    let optimizer = AdamW(learningRate: .warmupCosine(5e-3, warmup: total / 10, total: total))
    let step = Step<TextDetector, Batch>(model, optimizer, seed: options.seed) { model, batch in
      TextDetector.loss(logits: model(TextBoxes.scaled(batch.x)), targets: batch.y)
    }
    let scores = compiled { sigmoid(model(TextBoxes.scaled($0))) }
    let report = ReportFile(title: "Words on pages", RunDescription(seed: options.seed)) { page in
      let shown = Array(test.prefix(12))
      let pictures = zip(shown, try boxes(shown, scores)).map { page, found in
        ReportPage.Picture(page.drawing(found), caption: "\(page.words.count) words, \(found.count) boxes")
      }
      page.add(
        .pictures(pictures), under: "Pages that were not trained on",
        note: "The words' boxes are green, those that were found red.")
    }
    let trainer = try Trainer(
      step, store, source: loader, options: TrainingOptions(epochs: epochs), folder: folder,
      callbacks: [
        Checkpointing(), HistoryFile(), ProgressDisplay(title: "words on \(loader.count) pages", unit: "pages"), report,
      ]
    ) {
      let score = try score(sample, scores)
      return ["precision": score.precision, "recall": score.recall, "f1": score.f1]
    }
    try await complete(trainer, from: start())

    let result = try score(test, scores)
    print("precision \(decimal(result.precision, 3)), recall \(decimal(result.recall, 3)), \(result.expected) words")
    return ExampleScore(name: "F1 of boxes on unseen pages", value: result.f1, bar: 0.9)
  }

  /// Pages that are the same for the same seed, others than those of training.
  private func pages(_ digits: LabeledImages, _ count: Int, part: Int) -> [TextPage] {
    (0..<count).map { position in
      var random = SampleRandom(seed: ~options.seed, epoch: part, position: position)
      return TextPage(digits, &random)
    }
  }

  private func boxes(_ pages: [TextPage], _ scores: Compiled<Tensor, Tensor>) throws -> [[TextBox]] {
    var result: [[TextBox]] = []
    for start in stride(from: 0, to: pages.count, by: 50) {
      let part = Array(pages[start..<min(start + 50, pages.count)])
      let maps = try scores(TextBoxes.batch(part).x)
      let (size, width) = (maps.shape[1] * maps.shape[2], maps.shape[2])
      let values = maps.array(of: Float.self)
      result += part.indices.map { page in
        TextBox.boxes(scores: Array(values[page * size..<(page + 1) * size]), width: width, minimumCount: 6)
      }
    }
    return result
  }

  private func score(_ pages: [TextPage], _ scores: Compiled<Tensor, Tensor>) throws -> TextBoxScore {
    var score = TextBoxScore()
    for (page, found) in zip(pages, try boxes(pages, scores)) { score.add(found: found, expected: page.words) }
    return score
  }

  /// `x` are the pages, `u8[batch, height, width, 1]`, `y` where words are, `f32[batch, height / 4, width / 4, 1]`.
  private static func batch(_ pages: [TextPage]) -> Batch {
    Batch(
      x: Tensor(pages.flatMap(\.image.pixels), shape: [pages.count, TextPage.height, TextPage.width, 1]),
      y: Tensor(pages.flatMap(\.map), shape: [pages.count, TextPage.height / 4, TextPage.width / 4, 1]))
  }

  /// 0 to 255 as -1 to 1.
  private static func scaled(_ x: Tensor) -> Tensor { x.to(.f32) * Tensor(2.0 / 255) - 1 }
}
