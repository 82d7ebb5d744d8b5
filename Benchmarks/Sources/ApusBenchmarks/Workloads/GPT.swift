import Apus

struct GPTConfiguration {
  var vocabulary = 65
  var width = 384
  var layers = 6
  var heads = 6
  var context = 256
}

/// GPT-2's architecture (Radford et al., 2019), the embedding tied to the output.
struct GPT {
  let configuration: GPTConfiguration
  let wte: Embedding
  let wpe: Embedding
  let blocks: [GPTBlock]
  let norm: LayerNorm

  init(_ scope: Scope, _ configuration: GPTConfiguration = GPTConfiguration()) {
    self.configuration = configuration
    wte = Embedding(scope / "wte", configuration.vocabulary, configuration.width)
    wpe = Embedding(scope / "wpe", configuration.context, configuration.width)
    blocks = (0..<configuration.layers).map { GPTBlock(scope / "h" / $0, configuration) }
    norm = LayerNorm(scope / "ln_f", configuration.width)
  }

  /// Tokens `[batch, time]` to logits `[batch, time, vocabulary]`.
  func callAsFunction(_ tokens: Tensor) -> Tensor {
    let time = tokens.shape[1]
    let x = wte(tokens) + wpe.weight.value[0..<time]
    return logits(blocks.reduce(x) { $1($0) })
  }

  /// One token more of each sequence.
  ///
  /// - Parameters:
  ///   - tokens: `[batch]`.
  ///   - position: the number of tokens before.
  ///   - cache: keys and values of each layer, `[batch, head, time, feature]`.
  func step(_ tokens: Tensor, position: Tensor, cache: [Tensor]) -> (logits: Tensor, cache: [Tensor]) {
    var x = (wte(tokens) + wpe(position)).expanded(at: 1)
    var next: [Tensor] = []
    for (index, block) in blocks.enumerated() {
      var keys = cache[2 * index]
      var values = cache[2 * index + 1]
      x = block.step(x, position: position, &keys, &values)
      next += [keys, values]
    }
    return (logits(x).squeezed(1), next)
  }

  private func logits(_ x: Tensor) -> Tensor {
    matmul(norm(x), wte.weight.value.transposed())
  }
}

struct GPTBlock {
  let norm1: LayerNorm
  let attention: CausalAttention
  let norm2: LayerNorm
  let expansion: Linear
  let projection: Linear

  init(_ scope: Scope, _ configuration: GPTConfiguration) {
    let width = configuration.width
    norm1 = LayerNorm(scope / "ln_1", width)
    attention = CausalAttention(scope / "attn", width, heads: configuration.heads)
    norm2 = LayerNorm(scope / "ln_2", width)
    expansion = Linear(scope / "c_fc", width, 4 * width)
    projection = Linear(scope / "c_proj", 4 * width, width)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let mixed = x + attention(norm1(x))
    return mixed + dense(mixed)
  }

  func step(_ x: Tensor, position: Tensor, _ keys: inout Tensor, _ values: inout Tensor) -> Tensor {
    let mixed = x + attention.step(norm1(x), position: position, &keys, &values)
    return mixed + dense(mixed)
  }

  private func dense(_ x: Tensor) -> Tensor {
    projection(gelu(expansion(norm2(x))))
  }
}

/// Attention of several heads that looks back only (Vaswani et al., 2017).
struct CausalAttention {
  let heads: Int
  let input: Linear
  let output: Linear

  init(_ scope: Scope, _ width: Int, heads: Int) {
    self.heads = heads
    input = Linear(scope / "c_attn", width, 3 * width)
    output = Linear(scope / "c_proj", width, width)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let parts = split(x)
    return merge(scaledDotProductAttention(parts[0], parts[1], parts[2], isCausal: true))
  }

  func step(_ x: Tensor, position: Tensor, _ keys: inout Tensor, _ values: inout Tensor) -> Tensor {
    let parts = split(x)
    let place = position.reshaped(1)
    keys = keys.put(place, parts[1], axis: 2)
    values = values.put(place, parts[2], axis: 2)
    let isPast = Tensor.arange(keys.shape[2]) .<= position
    return merge(
      scaledDotProductAttention(parts[0], keys, values, mask: isPast.expanded(at: 0)))
  }

  /// `[batch, time, width]` to queries, keys and values, `[batch, head, time, feature]`.
  private func split(_ x: Tensor) -> [Tensor] {
    input(x).chunked(3, axis: -1).map { splitHeads($0, heads) }
  }

  private func merge(_ x: Tensor) -> Tensor { output(mergeHeads(x)) }
}

func splitHeads(_ x: Tensor, _ heads: Int) -> Tensor {
  x.unflattened(-1, [heads, x.shape[2] / heads]).permuted(0, 2, 1, 3)
}

func mergeHeads(_ x: Tensor) -> Tensor { x.permuted(0, 2, 1, 3).flattened(from: 2) }
