import Apus
import ApusData
import ApusModels
import ApusTrain
import ArgumentParser
import Foundation

/// Two layers of LSTM that read Shakespeare's plays in 32 streams, with a state that goes from batch to batch.
struct CharLSTM: Example {
  static let configuration = CommandConfiguration(
    commandName: "lstm-lm",
    abstract: "An LSTM on the characters of Tiny Shakespeare: 2.25 bits per character at most.")
  static let dataNames = ["tinyshakespeare"]

  @OptionGroup var options: ExampleOptions

  func train() async throws -> ExampleScore {
    let text = try CharacterText(path: try dataPath() + "/input.txt")
    let (batchSize, length) = (32, 64)
    let training = options.isShort ? Array(text.training.prefix(60 * batchSize * length + 1)) : text.training
    let source = Loader.parallelStreams(of: training, length: length, batchSize: batchSize)
    let heldOut = Loader.parallelStreams(of: text.heldOut, length: length, batchSize: 8)
    let epochs = options.isShort ? 2 : 8

    let store = ParameterStore(seed: options.seed)
    let model = LSTMLanguageModel(
      store.scope, vocabulary: text.vocabulary.count, width: 256, layers: 2, dropout: 0.2)
    let carried = StoredLSTMState(store.scope / "carried", for: model, batch: batchSize)
    let total = epochs * source.batchCount
    let rate = Schedule.warmupCosine(4e-3, warmup: total / 20, total: total)
    let optimizer = AdamW(learningRate: rate).after(.clip(norm: 1))
    let step = Step(model, optimizer, seed: options.seed) { model, batch in
      let result = model.run(batch.x, state: carried.value)
      carried.value = result.state
      return crossEntropy(logits: result.output, labels: batch.y)
    }
    let reading = StoredLSTMState(ParameterStore().scope, for: model, batch: heldOut.batchSize)
    let loss = compiled { (batch: Batch) in
      let result = model.run(batch.x, state: reading.value)
      reading.value = result.state
      return crossEntropy(logits: result.output, labels: batch.y)
    }
    let seed = options.seed
    let report = ReportFile(title: "An LSTM on Tiny Shakespeare", RunDescription(seed: seed)) { page in
      let writer = TextGenerator(model, sampling: Sampling(temperature: 0.8))
      let sample = text.text(try writer(text.numbers("\n"), count: 500, seed: seed))
      page.add(.texts([("500 characters, temperature 0.8", sample)]), under: "What it writes")
    }
    let trainer = try Trainer(
      step, store, source: source, options: TrainingOptions(epochs: epochs, readEvery: 20), folder: folder,
      callbacks: [ProgressDisplay(title: "LSTM on Tiny Shakespeare"), HistoryFile(), Checkpointing(), report]
    ) {
      // The next epoch begins at the beginning of the streams, and so does this.
      carried.clear()
      reading.clear()
      var losses: [Double] = []
      for try await batch in heldOut.epoch(0) { losses.append(try loss(batch).item) }
      return ["bits": losses.reduce(0, +) / Double(losses.count) / log(2)]
    }
    try await complete(trainer, from: start())
    return ExampleScore(name: "bits per character", value: trainer.context.validated("bits"), bar: 2.25, higherIsBetter: false)
  }
}
