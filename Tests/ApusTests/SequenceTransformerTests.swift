import Apus
import Testing

private let golden = Golden("sequence")
private let post = TransformerConfiguration(width: 4, heads: 2, feedForward: 6)
private let pre = TransformerConfiguration(
  width: 4, heads: 2, feedForward: 6, activation: .gelu, isNormFirst: true, bias: false)

/// Transformers and mixtures of experts have PyTorch's keys, outputs and gradients.
@Suite struct SequenceTransformerTests {
  @Test func encoders() throws {
    try checkLayer(golden: "encoderLayer", in: golden) { TransformerEncoderLayer($0, post) }
    try checkLayer(golden: "encoderLayerNormFirst", in: golden) { TransformerEncoderLayer($0, pre) }
    try checkLayer(golden: "encoder", in: golden) { scope in
      let encoder = TransformerEncoder(scope, post, layers: 2, norm: true)
      return { [encoder($0[0], mask: nil, keyPadding: $0[1])] }
    }
  }

  @Test func decoders() throws {
    try checkLayer(golden: "decoderLayer", in: golden) { scope in
      let layer = TransformerDecoderLayer(scope, post)
      return { [layer($0[0], $0[1], TransformerMasks(isCausal: true))] }
    }
    try checkLayer(golden: "decoder", in: golden) { scope in
      let decoder = TransformerDecoder(scope, pre, layers: 2)
      return {
        let masks = TransformerMasks(targetPadding: $0[2], memoryPadding: $0[3], isCausal: true)
        return [decoder($0[0], $0[1], masks)]
      }
    }
    try checkLayer(golden: "transformer", in: golden) { scope in
      let model = Transformer(scope, post, encoderLayers: 1, decoderLayers: 1)
      return {
        [model($0[0], $0[1], masks: TransformerMasks(memoryPadding: $0[2], isCausal: true))]
      }
    }
  }

  /// Step by step with caches, compiled, a decoder gives what it gives at once.
  @Test func decodersGoStepByStep() throws {
    let decoder = TransformerDecoder(ParameterStore(seed: 4).scope, post, layers: 2, norm: true)
    let x = try Tensor.normal([2, 5, 4], key: RandomKey(seed: 1)).evaluated()
    let memory = Tensor.normal([2, 3, 4], key: RandomKey(seed: 2))
    let padding = Tensor([[false, false, false], [false, false, true]] as [[Bool]])
    let whole = decoder(x, memory, TransformerMasks(memoryPadding: padding, isCausal: true))
    let step = compiled { (input: RecurrentResult<TransformerDecoderState>) in
      var state = input.state
      let output = decoder(input.output, &state)
      return RecurrentResult(output: output, state: state)
    }
    var state = decoder.start(memory, capacity: 5, memoryPadding: padding)
    var outputs: [Tensor] = []
    for time in 0..<5 {
      let result = try step(RecurrentResult(output: x[.all, time..<(time + 1)], state: state))
      outputs.append(result.output)
      state = result.state
    }
    expectClose(concatenate(outputs, axis: 1), whole, absolute: 3e-6)
  }

  @Test func transformersBeginLikePyTorchs() {
    let store = ParameterStore(seed: 5)
    _ = Transformer(
      store.scope, TransformerConfiguration(width: 32, heads: 2, feedForward: 64),
      encoderLayers: 1, decoderLayers: 1)
    for parameter in store.parameters {
      let value = parameter.value
      if parameter.path.contains("norm") && parameter.path.hasSuffix("weight") {
        #expect(value.min().item == 1 && value.max().item == 1, "\(parameter)")
      } else if parameter.shape.rank == 2 {
        let bound = (6 / Double(parameter.shape[0] + parameter.shape[1])).squareRoot()
        let greatest = abs(value).max().item
        #expect(greatest <= bound && greatest > 0.95 * bound, "\(parameter)")
      } else if parameter.path.contains("_attn") {
        #expect(abs(value).max().item == 0, "\(parameter)")
      }
    }
  }

  /// A compiled step, with dropout and in mixed precision too, learns to turn rows round.
  @Test(arguments: [nil, DType.bf16]) func learns(_ precision: DType?) throws {
    let store = ParameterStore(seed: 1)
    let embedding = Embedding(store.scope / "embedding", 6, 16)
    let positions = SinusoidalPositions(16, capacity: 8)
    let model = Transformer(
      store.scope / "transformer",
      TransformerConfiguration(width: 16, heads: 2, feedForward: 32, dropout: 0.02),
      encoderLayers: 1, decoderLayers: 1)
    let output = Linear(store.scope / "output", 16, 6)
    let x = Tensor.randomIntegers([16, 6], in: 1..<6, key: RandomKey(seed: 3))
    let y = x.flipped(axes: [1])
    let step = Step(output, Adam(learningRate: .constant(0.01)), precision: precision) {
      (output: Linear, batch: Batch) in
      let shifted = concatenate([batch.y[.all, ..<1] * 0, batch.y[.all, ..<(-1)]], axis: 1)
      let source = positions(embedding(batch.x))
      let target = positions(embedding(shifted))
      let hidden = model(source, target, masks: TransformerMasks(isCausal: true))
      return crossEntropy(logits: output(hidden), labels: batch.y)
    }
    let losses = try (0..<60).map { _ in try step(Batch(x: x, y: y)).item }
    #expect(losses[59] < 0.6 * losses[0])
  }

  @Test func mixtures() throws {
    func check(_ name: String, _ choices: Int, _ capacity: Double?) throws {
      try checkLayer(golden: name, in: golden) { scope in
        let layer = MixtureOfExperts(
          scope, 6, experts: 3, choices: choices, capacity: capacity) { Linear($0, 6, 4) }
        return { layer.run($0[0]).tensors }
      }
    }
    try check("mixture", 2, nil)
    try check("mixture", 2, 3)
    try check("mixtureSwitch", 1, nil)
    try check("mixtureCapacity", 2, 0.75)
    try check("mixtureSwitchCapacity", 1, 0.75)
  }

  /// The balancing loss alone, trained, spreads tokens over experts.
  @Test func balancingLossSpreads() throws {
    let store = ParameterStore(seed: 1)
    let layer = MixtureOfExperts(store.scope, 8, experts: 4, choices: 1) { Linear($0, 8, 8) }
    // All tokens look much the same, so that one expert gets nearly all of them at first.
    let x = Tensor.normal([64, 8], std: 0.3, key: RandomKey(seed: 2)) + 1
    let before = layer.run(x)
    let step = Step<MixtureOfExperts, Tensor>(layer, Adam(learningRate: .constant(0.01))) {
      $0.run($1).loadBalancingLoss
    }
    for _ in 0..<100 { try step(x) }
    let after = layer.run(x)
    #expect(after.loadBalancingLoss.item < before.loadBalancingLoss.item)
    #expect(after.load.max().item < before.load.max().item)
  }
}
