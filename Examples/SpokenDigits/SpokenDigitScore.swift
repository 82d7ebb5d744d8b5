import Apus
import ApusTrain

/// What a network understood.
struct SpokenDigitScore {
  private(set) var confusion = ConfusionMatrix(classNames: (0...9).map(String.init))
  /// For each speaker whether each recording was understood.
  private(set) var speakers: [String: [Bool]] = [:]
  private(set) var mistakes: [(index: Int, understood: Int)] = []

  init(_ test: SpokenDigitBatches, _ logits: Compiled<Tensor, Tensor>) throws {
    for start in stride(from: 0, to: test.recordings.count, by: 100) {
      let indices = Array(start..<min(start + 100, test.recordings.count))
      let scores = try ClassScores(logits(test.batch(indices).x))
      for (row, index) in indices.enumerated() {
        let recording = test.recordings[index]
        let understood = scores.predicted(row)
        confusion.add(actual: recording.digit, predicted: understood)
        speakers[recording.speaker, default: []].append(understood == recording.digit)
        if understood != recording.digit { mistakes.append((index, understood)) }
      }
    }
  }
}
