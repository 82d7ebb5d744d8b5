import Apus
import Testing

private let golden = Golden("sequence")

/// Recurrent layers and cells have PyTorch's keys, outputs, last states and gradients.
@Suite struct SequenceRecurrentTests {
  @Test func layers() throws {
    try checkLayer(golden: "rnn", in: golden) { flat(RNN($0, 4, 3)) }
    try checkLayer(golden: "rnnRelu", in: golden) {
      flat(RNN($0, 4, 3, layers: 2, activation: .relu, bidirectional: true))
    }
    try checkLayer(golden: "gru", in: golden) { flat(GRU($0, 4, 3)) }
    try checkLayer(golden: "gruDeep", in: golden) {
      flat(GRU($0, 4, 3, layers: 2, bidirectional: true))
    }
    try checkLayer(golden: "lstm", in: golden) { flat(LSTM($0, 4, 3)) }
    try checkLayer(golden: "lstmDeep", in: golden) {
      flat(LSTM($0, 4, 3, layers: 2, bidirectional: true))
    }
    try checkLayer(golden: "lstmProjected", in: golden) {
      flat(LSTM($0, 4, 5, layers: 2, bias: false, bidirectional: true, projection: 3))
    }
  }

  /// PyTorch's packed sequences, with their gradients.
  @Test func lengths() throws {
    try checkLayer(golden: "rnnPacked", in: golden) { scope in
      let layer = RNN(scope, 4, 3, layers: 2, bidirectional: true)
      return { layer.run($0[0], lengths: $0[1]).tensors }
    }
    try checkLayer(golden: "gruPacked", in: golden) { scope in
      let layer = GRU(scope, 4, 3, layers: 2, bidirectional: true)
      return { layer.run($0[0], lengths: $0[1]).tensors }
    }
    try checkLayer(golden: "lstmPacked", in: golden) { scope in
      let layer = LSTM(scope, 4, 3, layers: 2, bidirectional: true)
      return { layer.run($0[0], lengths: $0[1]).tensors }
    }
  }

  @Test func givenStates() throws {
    try checkLayer(golden: "gruState", in: golden) { scope in
      let layer = GRU(scope, 4, 3, layers: 2)
      return { layer.run($0[0], state: $0[1]).tensors }
    }
    try checkLayer(golden: "lstmState", in: golden) { scope in
      let layer = LSTM(scope, 4, 5, bidirectional: true, projection: 3)
      return { layer.run($0[0], state: LSTMState(hidden: $0[1], cell: $0[2])).tensors }
    }
  }

  @Test func cells() throws {
    try checkLayer(golden: "rnnCell", in: golden) { scope in
      let cell = RNNCell(scope, 4, 3, activation: .relu)
      return { [cell($0[0], $0[1])] }
    }
    try checkLayer(golden: "gruCell", in: golden) { scope in
      let cell = GRUCell(scope, 4, 3)
      return { [cell($0[0], $0[1])] }
    }
    try checkLayer(golden: "lstmCell", in: golden) { scope in
      let cell = LSTMCell(scope, 4, 3)
      return { cell($0[0], LSTMState(hidden: $0[1], cell: $0[2])).tensors }
    }
  }

  private func flat(_ layer: RNN) -> LayerFunction { { layer.run($0[0]).tensors } }
  private func flat(_ layer: GRU) -> LayerFunction { { layer.run($0[0]).tensors } }
  private func flat(_ layer: LSTM) -> LayerFunction { { layer.run($0[0]).tensors } }

  /// A sequence in two halves, the state handed over, gives what it gives at once.
  @Test func statesGoOn() {
    let layer = LSTM(ParameterStore(seed: 3).scope, 4, 3, layers: 2)
    let x = Tensor.normal([2, 6, 4], key: RandomKey(seed: 1))
    let whole = layer.run(x)
    let first = layer.run(x[.all, 0..<4])
    let second = layer.run(x[.all, 4...], state: first.state)
    expectClose(concatenate([first.output, second.output], axis: 1), whole.output)
    expectClose(second.state.cell, whole.state.cell)
  }

  /// In training values are dropped between layers, not behind the last.
  @Test func dropoutIsBetweenLayers() {
    let x = Tensor.normal([2, 6, 4], key: RandomKey(seed: 1))
    for (layers, isChanged) in [(1, false), (2, true)] {
      let layer = GRU(ParameterStore(seed: 3).scope, 4, 3, layers: layers, dropout: 0.5)
      let plain = layer(x)
      let dropped = withTraining { withRandom(seed: 1) { layer(x) } }
      let differs = dropped != plain
      #expect(differs == isChanged)
      let zeros = (dropped .== 0).any().scalar(as: Bool.self)
      #expect(!zeros)
    }
  }

  /// A compiled step learns which of two halves of a ragged row is larger.
  @Test(arguments: ["rnn", "gru", "lstm"]) func learns(_ kind: String) throws {
    let store = ParameterStore(seed: 1)
    let scope = store.scope / "layer"
    let (rnn, gru, lstm) = (
      kind == "rnn" ? RNN(scope, 2, 8, bidirectional: true) : nil,
      kind == "gru" ? GRU(scope, 2, 8, bidirectional: true) : nil,
      kind == "lstm" ? LSTM(scope, 2, 8, bidirectional: true) : nil
    )
    let output = Linear(store.scope / "output", 16, 2)
    let x = try withRandom(seed: 3) { try Tensor.normal([16, 7, 2]).evaluated() }
    let lengths = remainder(Tensor.arange(16), 7) + 1
    let y = (x[.all, 0, 0] .> 0).to(.i64)
    let step = Step<Linear, [Tensor]>(output, Adam(learningRate: .constant(0.02))) { output, batch in
      let hidden = rnn?.run(batch[0], lengths: batch[2]).output
        ?? gru?.run(batch[0], lengths: batch[2]).output
        ?? lstm!.run(batch[0], lengths: batch[2]).output
      return crossEntropy(logits: output(hidden.mean(axis: 1)), labels: batch[1])
    }
    let losses = try (0..<30).map { _ in try step([x, y, lengths]).item }
    #expect(losses[29] < 0.5 * losses[0])
  }

  @Test func mistakesAreSentences() {
    let layer = LSTM(ParameterStore().scope / "encoder", 4, 3)
    let x = Tensor.ones([2, 5, 4])
    let wrongWidth = mistake { _ = layer(Tensor.ones([2, 5, 3])) }
    #expect(wrongWidth.contains("[batch, time, 4]") && wrongWidth.contains("encoder"))
    let state = LSTMState(hidden: .zeros([1, 3, 3]), cell: .zeros([1, 2, 3]))
    let wrongState = mistake { _ = layer.run(x, state: state) }
    #expect(wrongState.contains("[1, 2, 3]"))
    let wrongLengths = mistake { _ = layer.run(x, lengths: Tensor([1.0, 2.0])) }
    #expect(wrongLengths.contains("integers [2]"))
  }
}
