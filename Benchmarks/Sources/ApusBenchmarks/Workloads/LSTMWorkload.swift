import Apus

/// One layer of long short-term memory (Hochreiter and Schmidhuber, 1997) with PyTorch's parameters
/// and order of gates.
struct LSTMLayer {
  let inputWeight: Parameter
  let stateWeight: Parameter
  let inputBias: Parameter
  let stateBias: Parameter

  init(_ scope: Scope, layer: Int, width: Int) {
    let uniform = Initializer.fanInUniform(width)
    inputWeight = scope.parameter("weight_ih_l\(layer)", [4 * width, width], uniform)
    stateWeight = scope.parameter("weight_hh_l\(layer)", [4 * width, width], uniform)
    inputBias = scope.parameter("bias_ih_l\(layer)", [4 * width], uniform)
    stateBias = scope.parameter("bias_hh_l\(layer)", [4 * width], uniform)
  }

  /// `[time, batch, width]` to the same. The cell's state is f32 in every precision.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let bias = (inputBias.value + stateBias.value).to(x.dtype)
    let fromInputs = matmul(x, inputWeight.value.to(x.dtype).transposed()) + bias
    let weight = stateWeight.value.to(x.dtype).transposed()
    let state: Shape = [x.shape[1], x.shape[2]]
    let first: [Tensor] = [.zeros(state, dtype: x.dtype), .zeros(state, dtype: .f32)]
    return scan(carry: first, over: [fromInputs]) { carry, slices in
      let gates = (slices[0] + matmul(carry[0], weight)).to(.f32).chunked(4, axis: -1)
      let kept = sigmoid(gates[1]) * carry[1]
      let cell = kept + sigmoid(gates[0]) * tanh(gates[2])
      let hidden = (sigmoid(gates[3]) * tanh(cell)).to(x.dtype)
      return ([hidden, cell], [hidden])
    }.results[0]
  }
}

/// A language model: embedding, layers of LSTM, projection to the vocabulary.
struct LSTMLanguageModel {
  let embedding: Embedding
  let layers: [LSTMLayer]
  let output: Linear

  init(_ scope: Scope, vocabulary: Int = 1_000, width: Int = 256, layers: Int = 2) {
    embedding = Embedding(scope / "embedding", vocabulary, width)
    self.layers = (0..<layers).map { LSTMLayer(scope / "lstm", layer: $0, width: width) }
    output = Linear(scope / "output", width, vocabulary)
  }

  /// Tokens `[batch, time]` to logits `[batch, time, vocabulary]`.
  func callAsFunction(_ tokens: Tensor, _ precision: DType) -> Tensor {
    let x = embedding(tokens.transposed()).to(precision)
    let states = layers.reduce(x) { $1($0) }
    return output.mixed(states.permuted(1, 0, 2))
  }
}

enum LSTMWorkload {
  static func train(_ data: Data, _ precision: DType) throws -> Run {
    try data.training(data.load { LSTMLanguageModel($0) }) { model, batch in
      crossEntropy(logits: model(batch.x, precision), labels: batch.y)
    }
  }
}
