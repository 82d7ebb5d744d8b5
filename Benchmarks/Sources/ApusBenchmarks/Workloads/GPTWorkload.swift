import Apus

enum GPTWorkload {
  static func train(_ data: Data, _ precision: DType) throws -> Run {
    try data.training(data.load { GPT($0) }, precision) { model, batch in
      crossEntropy(logits: model(batch.x), labels: batch.y)
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
    // What lies behind the position is never looked at, so the next sequence may write over it.
    let scope = ParameterStore().scope
    let cache = (0..<(2 * configuration.layers)).map { index in
      scope.buffer("cache\(index)", [batch, configuration.heads, count, features], .zeros)
    }

    let step = compiled(freezing: .parameters) { (input: [Tensor]) in
      let (logits, next) = model.step(
        input[0], position: input[1], cache: cache.map(\.value))
      for (parameter, value) in zip(cache, next) { parameter.value = value }
      return [logits, logits.argMax(axis: -1)]
    }
    return { _ in
      var logits = columns[0]
      for place in 0..<count {
        let result = try step([columns[place], positions[place]])
        logits = result[0]
        _ = result[1].array(of: Int.self)
      }
      return logits
    }
  }
}
