import Apus
import ApusModels
import Testing

/// Models of tables, series and speech.
@Suite struct SeriesModelTests {
  @Test func outputsArePyTorchs() throws {
    let golden = try Golden.load()
    let categories = Tensor([3, 0, 1, 6] as [Int64], shape: [2, 2])
    try expectOutputs(golden["tabular-mlp"], {
      TabularMLP($0, .init(numbers: 3, categories: [4, 7], hidden: [8, 6]))
    }) {
      [$0(numbers: patterned("rows", [2, 3]), categories: categories)]
    }
    try expectOutputs(golden["dlinear"], { DLinear($0, history: 16, horizon: 6, window: 5) }) {
      [$0(patterned("past", [2, 16, 3]))]
    }
    try expectOutputs(golden["speech-command-net"], {
      SpeechCommandNet($0, .init(bands: 10, classes: 4, widths: [4, 6]))
    }) {
      [$0(patterned("sounds", [2, 12, 10]))]
    }
  }

  @Test func theyLearn() throws {
    let tables = ParameterStore(seed: 1)
    let table = TabularMLP(tables.scope, .init(numbers: 3, categories: [2], hidden: [8], dropout: 0))
    try expectLearning(table, tables, learningRate: 1e-2, loss: { model, x in
      let isPositive = x[.all, 0] .> 0
      let logits = model(numbers: x, categories: isPositive.to(.i64).expanded(at: 1))
      return binaryCrossEntropyWithLogits(logits.squeezed(-1), isPositive.to(.f32))
    }, on: patterned("x", [32, 3]))

    let series = ParameterStore(seed: 1)
    let forecast = DLinear(series.scope, history: 8, horizon: 2, window: 3)
    try expectLearning(forecast, series, loss: { meanSquaredError($0($1), $1[.all, 0..<2]) }, on: patterned("x", [8, 8, 2]))

    let sounds = ParameterStore(seed: 1)
    let speech = SpeechCommandNet(sounds.scope, .init(bands: 8, classes: 2, widths: [4, 4], dropout: 0))
    try expectLearning(speech, sounds, learningRate: 1e-2, loss: { model, x in
      crossEntropy(logits: model(x), labels: (x.mean(axes: [1, 2]) .> 0).to(.i64))
    }, on: patterned("x", [8, 8, 8]))
  }

  /// The forecast that all others are measured by must be the last season, in order, for any horizon.
  @Test func theLastSeasonComesAgain() {
    let x = Tensor([9, 1, 2, 3] as [Float], shape: [1, 4, 1])
    let forecast = SeasonalNaive(season: 3, horizon: 5)(x).array(of: Float.self)
    #expect(forecast == [1, 2, 3, 1, 2])
  }

  @Test func inputsThatDoNotFitAreNamed() {
    #expect(throws: TensorError.self) {
      try withTensorErrors { SeasonalNaive(season: 5, horizon: 1)(.zeros([1, 4, 1])) }
    }
    #expect(throws: TensorError.self) {
      try withTensorErrors { DLinear(ParameterStore().scope, history: 8, horizon: 2)(.zeros([1, 7, 1])) }
    }
    #expect(throws: TensorError.self) {
      try withTensorErrors { DLinear(ParameterStore().scope, history: 8, horizon: 2, window: 4) }
    }
    #expect(throws: TensorError.self) {
      let sizes = SpeechCommandNet.Configuration(bands: 8, classes: 2)
      _ = try withTensorErrors { SpeechCommandNet(ParameterStore().scope, sizes)(.zeros([1, 20, 9])) }
    }
    #expect(throws: TensorError.self) {
      let sizes = TabularMLP.Configuration(numbers: 1, categories: [2, 2])
      _ = try withTensorErrors {
        TabularMLP(ParameterStore().scope, sizes)(numbers: .zeros([1, 1]), categories: .zeros([1, 1], dtype: .i64))
      }
    }
  }
}
