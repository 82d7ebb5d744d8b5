import Apus

/// The encoder of BERT-base (Devlin et al., 2019).
struct BERT {
  let words: Embedding
  let positions: Embedding
  let types: Embedding
  let norm: LayerNorm
  let layers: [BERTLayer]

  init(_ scope: Scope, width: Int = 768, layers: Int = 12) {
    words = Embedding(scope / "word_embeddings", 30_522, width)
    positions = Embedding(scope / "position_embeddings", 512, width)
    types = Embedding(scope / "token_type_embeddings", 2, width)
    norm = LayerNorm(scope / "norm", width, epsilon: 1e-12)
    self.layers = (0..<layers).map { BERTLayer(scope / "layer" / $0, width: width) }
  }

  /// Tokens `[batch, time]` to the last hidden states `[batch, time, width]`.
  func callAsFunction(_ tokens: Tensor) -> Tensor {
    let places = positions.weight.value[0..<tokens.shape[1]]
    let x = norm(words(tokens) + places + types.weight.value[0])
    return layers.reduce(x) { $1($0) }
  }
}

struct BERTLayer {
  let heads: Int
  let query: Linear
  let key: Linear
  let value: Linear
  let attentionOutput: Linear
  let attentionNorm: LayerNorm
  let intermediate: Linear
  let output: Linear
  let outputNorm: LayerNorm

  init(_ scope: Scope, width: Int, heads: Int = 12) {
    self.heads = heads
    query = Linear(scope / "query", width, width)
    key = Linear(scope / "key", width, width)
    value = Linear(scope / "value", width, width)
    attentionOutput = Linear(scope / "attention_output", width, width)
    attentionNorm = LayerNorm(scope / "attention_norm", width, epsilon: 1e-12)
    intermediate = Linear(scope / "intermediate", width, 4 * width)
    output = Linear(scope / "output", 4 * width, width)
    outputNorm = LayerNorm(scope / "output_norm", width, epsilon: 1e-12)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let parts = [query, key, value].map { splitHeads($0(x), heads) }
    let mixed = attentionOutput(mergeHeads(scaledDotProductAttention(parts[0], parts[1], parts[2])))
    let h = attentionNorm(x + mixed)
    return outputNorm(h + output(gelu(intermediate(h))))
  }
}

enum BERTWorkload {
  static func infer(_ data: Data) throws -> Run {
    let model = try data.load { BERT($0) }
    return try data.inference { model($0) }
  }
}
