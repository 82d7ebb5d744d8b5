import Apus
import ApusData
import ApusModels
import ApusTrain
import ArgumentParser

/// nanoGPT's setting for a processor, with twice its learning rate: a GPT of 4 layers × 128 on the characters of
/// Shakespeare's plays.
struct CharGPT: Example {
  static let configuration = CommandConfiguration(
    commandName: "char-gpt",
    abstract: "A GPT on the characters of Tiny Shakespeare: a validation loss of 1.88 at most.")
  static let dataNames = ["tinyshakespeare"]

  @OptionGroup var options: ExampleOptions

  @Option(help: "The greatest learning rate.")
  var learningRate = 2e-3

  var settings: [(String, String)] { [("learning rate", "\(learningRate)")] }

  func train() async throws -> ExampleScore {
    let text = try CharacterText(path: try dataPath() + "/input.txt")
    let steps = options.isShort ? 150 : 2_000
    let source = Loader.randomWindows(
      of: text.training, length: 64, batchSize: 12, batches: steps, seed: options.seed)
    let heldOut = Loader.parallelStreams(of: text.heldOut, length: 64, batchSize: 13)
    let store = ParameterStore(seed: options.seed)
    let model = GPT(
      store.scope,
      GPT.Configuration(
        vocabulary: text.vocabulary.count, context: 64, layers: 4, heads: 4, width: 128, bias: false))

    let rate = Schedule.warmupCosine(learningRate, warmup: steps / 20, total: steps, final: learningRate / 10)
    func adam(decay: Double) -> AdamW { AdamW(learningRate: rate, beta2: 0.99, weightDecay: decay) }
    let optimizer = ParameterGroups(ParameterGroup("*.ln_*", adam(decay: 0)), default: adam(decay: 0.1))
    let step = Step(model, optimizer.after(.clip(norm: 1)), seed: options.seed) { model, batch in
      crossEntropy(logits: model(batch.x), labels: batch.y)
    }
    let loss = compiled { (batch: Batch) in crossEntropy(logits: model(batch.x), labels: batch.y) }
    let seed = options.seed
    let report = ReportFile(title: "A GPT on Tiny Shakespeare", RunDescription(seed: seed)) { page in
      let writer = TextGenerator(model, sampling: Sampling(temperature: 0.8, topK: 40))
      let sample = text.text(try writer(text.numbers("\n"), count: 500, seed: seed))
      page.add(.texts([("500 characters, temperature 0.8", sample)]), under: "What it writes")
    }
    let trainer = try Trainer(
      step, store, source: source,
      options: TrainingOptions(maxSteps: steps, validateEvery: steps / 4, readEvery: 50), folder: folder,
      callbacks: [ProgressDisplay(title: "GPT on Tiny Shakespeare"), Checkpointing(), HistoryFile(), report]
    ) {
      var losses: [Double] = []
      for try await batch in heldOut.epoch(0) { losses.append(try loss(batch).item) }
      return ["loss": losses.reduce(0, +) / Double(losses.count)]
    }
    try await complete(trainer, from: start())
    return ExampleScore(name: "validation loss", value: trainer.context.validated("loss"), bar: 1.88, higherIsBetter: false)
  }
}
