import Apus

enum GPTWorkload {
  static func train(_ data: Data, _ precision: DType) throws -> Run {
    try data.training(data.load { GPT($0) }) { model, batch in
      crossEntropy(logits: model(batch.x, precision), labels: batch.y)
    }
  }

  /// Given tokens one after the other with a cache of keys and values. The most likely next token
  /// is read after each, as sampling would.
  static func infer(_ data: Data) throws -> Run {
    let model = try data.load { GPT($0) }
    let tokens = try data.input("x")
    let batch = tokens.shape[0]
    let count = tokens.shape[1]
    let columns = try (0..<count).map { try tokens[.all, $0].evaluated() }
    let positions = (0..<count).map { Tensor($0, dtype: .i64) }

    let configuration = model.configuration
    let features = configuration.width / configuration.heads
    let empty = try Tensor.zeros([batch, configuration.heads, count, features]).evaluated()
    let cache = [Tensor](repeating: empty, count: 2 * configuration.layers)

    let step = compiled { (input: [Tensor]) in
      let (logits, cache) = model.step(input[0], position: input[1], cache: Array(input[2...]))
      return [logits, logits.argMax(axis: -1)] + cache
    }
    return { _ in
      var state = cache
      var logits = empty
      for place in 0..<count {
        let result = try step([columns[place], positions[place]] + state)
        logits = result[0]
        _ = result[1].array(of: Int.self)
        state = Array(result[2...])
      }
      return logits
    }
  }
}
