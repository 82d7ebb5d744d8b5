import Apus

// Windows of one long text, for language models: `x` is `i64[batch, length]`, and `y` the tokens that come one
// place later. Both trap where the text is too short for a single window.

extension Loader where Output == Batch {
  /// Windows that begin anywhere.
  ///
  /// - Parameter batches: in an epoch.
  public static func randomWindows(
    of tokens: [Int], length: Int, batchSize: Int, batches: Int, seed: UInt64 = 0
  ) -> Loader {
    precondition(length > 0 && tokens.count > length, "\(tokens.count) tokens have no window of \(length)")
    return Loader(sampleCount: batches * batchSize, batchSize: batchSize, sampler: .inOrder, seed: seed) { request in
      windows(of: tokens, length: length, from: request.indices.indices.map { place in
        var random = request.random(at: place)
        return random.integer(below: tokens.count - length)
      })
    }
  }

  /// The whole text, cut into `batchSize` streams that are read side by side: each row of a batch goes on
  /// where it ended in the batch before. What does not fill a batch at the end is left out.
  public static func parallelStreams(of tokens: [Int], length: Int, batchSize: Int) -> Loader {
    precondition(length > 0 && batchSize > 0, "a batch has one window of one token at least")
    let stream = (tokens.count - 1) / batchSize
    let batches = stream / length
    precondition(batches > 0, "\(tokens.count) tokens have no \(batchSize) windows of \(length)")
    return Loader(sampleCount: batches * batchSize, batchSize: batchSize, sampler: .inOrder) { request in
      let start = request.indices[0] / batchSize * length
      return windows(of: tokens, length: length, from: (0..<batchSize).map { $0 * stream + start })
    }
  }

  private static func windows(of tokens: [Int], length: Int, from starts: [Int]) -> Batch {
    func rows(_ offset: Int) -> Tensor {
      let numbers = starts.flatMap { start in
        tokens[(start + offset)..<(start + offset + length)].map { Int64($0) }
      }
      return Tensor(numbers, shape: [starts.count, length])
    }
    return Batch(x: rows(0), y: rows(1))
  }
}
