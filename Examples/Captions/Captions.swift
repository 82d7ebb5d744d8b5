import Apus
import ApusData
import ApusFormats
import ApusModels
import ApusTrain
import ArgumentParser

/// Sentences about pictures of two shapes. The pictures are made here; the pairs of shapes and colours that are
/// scored do not occur in training.
struct Captions: Example {
  static let configuration = CommandConfiguration(
    commandName: "captions", abstract: "Sentences about made pictures: at least 90 % exactly right.")

  @OptionGroup var options: ExampleOptions

  func train() async throws -> ExampleScore {
    let training = CaptionedPicture.make(options.isShort ? 2_000 : 6_000, seed: options.seed, unseen: false)
    let heldOut = CaptionedPicture.make(options.isShort ? 100 : 1_000, seed: options.seed, unseen: true)
    let words = CaptionWords(training)
    let epochs = options.isShort ? 5 : 20
    let loader = Loader(
      ArrayDataset(training), batchSize: options.isShort ? 50 : 100, seed: options.seed, dropsLast: true,
      collate: words.batch)

    let shape = ImageClassifierShape(height: Scene.side, width: Scene.side, channels: 3, classes: 0)
    let store = ParameterStore(seed: options.seed)
    let model = Captioner(
      store.scope,
      .init(
        encoder: .init(shape, counts: [1, 1, 1], width: 16, isBottleneck: false), vocabulary: words.vocabulary.count,
        embedding: 32, hidden: 128, attention: 64, dropout: 0.2))
    let total = epochs * loader.batchCount
    let optimizer = AdamW(learningRate: .warmupCosine(3e-3, warmup: total / 10, total: total)).after(.clip(norm: 1))
    let step = Step<Captioner, Batch>(model, optimizer, seed: options.seed) { model, batch in
      model.loss(CaptionWords.scaled(batch.x), words: batch.y, padding: words.padding, penalty: 0)
    }
    let description = RunDescription(seed: options.seed)
    let sample = Array(heldOut.prefix(100))
    let report = ReportFile(title: "Captions of shapes", description) { page in
      let shown = Array(heldOut.prefix(40))
      try addCaptions(to: &page, shown, words.captions(shown, model))
    }
    let trainer = try Trainer(
      step, store, source: loader, options: TrainingOptions(epochs: epochs), folder: folder,
      callbacks: [
        Checkpointing(), HistoryFile(),
        ProgressDisplay(title: "captions of \(training.count) pictures", unit: "pictures"), report,
      ]
    ) { ["accuracy": share(of: try words.captions(sample, model), right: sample)] }
    try await complete(trainer, from: start())

    let captions = try words.captions(heldOut, model)
    var bleu = BLEU()
    try bleu.update(captions, heldOut.map { [$0.sentence] })
    print("BLEU \(bleu.value) on \(heldOut.count) pictures")
    return ExampleScore(
      name: "sentences exactly right", value: share(of: captions, right: heldOut), bar: 0.9, isShare: true)
  }

  private func share(of captions: [String], right pictures: [CaptionedPicture]) -> Double {
    let hits = zip(captions, pictures).filter { $0 == $1.sentence }.count
    return Double(hits) / Double(max(pictures.count, 1))
  }

  private func addCaptions(
    to page: inout ReportPage, _ pictures: [CaptionedPicture], _ captions: [String]
  ) throws {
    let shown = zip(pictures, captions).map { picture, caption in
      let note = caption == picture.sentence ? nil : "not: \(picture.sentence)"
      return ReportPage.Picture(picture.image, caption: caption, note: note)
    }
    page.add(
      .pictures(shown), under: "Pictures that were not trained on",
      note: "Each with the model's sentence, and the right one where that is another.")
  }
}

/// The words of the sentences, and how pictures and sentences become tensors.
struct CaptionWords: Sendable {
  let vocabulary: Vocabulary
  let start: Int
  let end: Int
  let padding: Int

  init(_ pictures: [CaptionedPicture]) {
    let vocabulary = Vocabulary(counting: pictures.map { WhitespaceTokenizer().tokens($0.sentence) })
    func number(_ special: String) -> Int { vocabulary[special] ?? 0 }
    (start, end, padding) = (number(Vocabulary.begin), number(Vocabulary.end), number(Vocabulary.pad))
    self.vocabulary = vocabulary
  }

  /// The longest sentence, start and end included.
  private static let length = 12

  /// `x` are the pictures, `u8[batch, height, width, channel]`, `y` the words, `i64[batch, time]`.
  func batch(_ pictures: [CaptionedPicture]) throws -> Batch {
    let rows = pictures.map { picture in
      let words = [start] + vocabulary.encode(WhitespaceTokenizer().tokens(picture.sentence)) + [end]
      return words + Array(repeating: padding, count: CaptionWords.length - words.count)
    }
    let labelled = pictures.map { LabeledImage(image: $0.image, label: 0) }
    return Batch(
      x: try Collate.images(labelled).x,
      y: Tensor(rows.flatMap { $0.map(Int64.init) }, shape: [rows.count, CaptionWords.length]))
  }

  /// 0 to 255 as -1 to 1.
  static func scaled(_ x: Tensor) -> Tensor { x.to(.f32) * Tensor(2.0 / 255) - 1 }

  /// The sentences that beam search finds.
  func captions(_ pictures: [CaptionedPicture], _ model: Captioner) throws -> [String] {
    let search = BeamSearch(width: 3, maximumLength: CaptionWords.length, endToken: end)
    var result: [String] = []
    for first in stride(from: 0, to: pictures.count, by: 100) {
      let images = try batch(Array(pictures[first..<min(first + 100, pictures.count)])).x
      let found = try model.captions(CaptionWords.scaled(images), start: start, search: search)
      result += found.map { hypotheses in
        let words = hypotheses.first?.tokens.filter { $0 != end } ?? []
        return vocabulary.decode(words).joined(separator: " ")
      }
    }
    return result
  }
}
