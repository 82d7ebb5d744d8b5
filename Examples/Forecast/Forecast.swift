import Apus
import ApusData
import ApusModels
import ApusTrain
import ArgumentParser

/// A linear forecast of a transformer's load and oil temperature, hour by hour (Zhou et al., 2021), against the
/// forecast that the last day comes again.
struct Forecast: Example {
  static let configuration = CommandConfiguration(
    commandName: "forecast",
    abstract: "DLinear on ETTh1: a mean absolute error at least 10 % below that of the last day.")
  static let dataNames = ["etth1", "timeseries"]

  @OptionGroup var options: ExampleOptions

  @Option(help: "Hours of the past that a forecast sees.")
  var history = 168

  @Option(help: "Hours that are forecast.")
  var horizon = 24

  var settings: [(String, String)] { [("history", "\(history)"), ("horizon", "\(horizon)")] }

  func train() async throws -> ExampleScore {
    let data = try ETTh1(folder: dataPath(), history: history, horizon: horizon)
    let epochs = options.isShort ? 2 : 6
    let source = data.training.loader(batchSize: 64, seed: options.seed)
    let naive = SeasonalNaive(season: 24, horizon: horizon)

    let store = ParameterStore(seed: options.seed)
    let model = DLinear(store.scope, history: history, horizon: horizon)
    let total = epochs * source.batchCount
    let optimizer = Adam(learningRate: .warmupCosine(2e-3, warmup: total / 20, total: total))
    let step = Step(model, optimizer, seed: options.seed) { (model, batch: Batch) in
      meanAbsoluteError(model(batch.x), batch.y)
    }
    let forecast = compiled { model($0) }
    let baseline = compiled { naive($0) }
    let goal = MetricGoal("validation/mae", .lower)
    let trainer = try Trainer(
      step, store, source: source, options: TrainingOptions(epochs: epochs, readEvery: 20), folder: folder,
      callbacks: [
        ProgressDisplay(title: "DLinear on ETTh1", unit: "windows"), Checkpointing(best: goal),
        EarlyStopping(goal, patience: 3), HistoryFile(),
      ]
    ) { try ForecastScore(data.heldOut, forecast).metrics }
    try await complete(trainer, from: start())
    try store.load(Checkpoint(path: folder.bestCheckpoint).model)

    let score = try ForecastScore(data.test, forecast)
    let naiveScore = try ForecastScore(data.test, baseline)
    let margin = 1 - score.mae / naiveScore.mae
    try report(trainer.context, data, score, naiveScore, forecast, baseline)
    return ExampleScore(
      name: "test error below that of the last day", value: margin, bar: 0.1, isShare: true)
  }

  private func report(
    _ context: TrainingContext, _ data: ETTh1, _ score: ForecastScore, _ naive: ForecastScore,
    _ forecast: Compiled<Tensor, Tensor>, _ baseline: Compiled<Tensor, Tensor>
  ) throws {
    var page = ReportPage(title: "Forecast of ETTh1, \(horizon) hours")
    page.add(.tiles([
      .init("below the last day's error", percent(1 - score.mae / naive.mae)),
      .init("mean absolute error", decimal(score.mae, 4)), .init("mean squared error", decimal(score.mse, 4)),
      .init("parameters", "\(context.store.trainableCount)"),
    ]))
    page.add(.curves(context.position.history))
    let names = data.series.names
    let rows = names.indices.map { channel in
      [
        names[channel], decimal(score.channels[channel], 4), decimal(naive.channels[channel], 4),
        percent(1 - score.channels[channel] / naive.channels[channel]),
      ]
    }
    page.add(
      .table(
        head: ["channel", "model", "last day", "below"],
        rows: rows + [["all", decimal(score.mae, 4), decimal(naive.mae, 4), percent(1 - score.mae / naive.mae)]]),
      under: "Mean absolute errors of the test windows",
      note: "In deviations of each channel's part for training.")
    page.add(
      .charts(try charts(data, forecast, baseline)), under: "Forecasts",
      note: "Of \(names[names.count - 1]), from windows spread over the months of test.")
    try write(page)
  }

  /// What came, what was forecast and the last day, in the channel's own unit.
  private func charts(
    _ data: ETTh1, _ forecast: Compiled<Tensor, Tensor>, _ baseline: Compiled<Tensor, Tensor>
  ) throws -> [ReportPage.Chart] {
    let channel = data.series.channelCount - 1
    let count = min(4, data.test.count)
    return try (0..<count).map { place in
      let index = place * (data.test.count - 1) / max(count - 1, 1)
      let batch = data.test.batch([index])
      func values(_ y: Tensor) -> [Double] {
        y[0, .all, channel].array(of: Float.self).map { data.scaling.original(Double($0), channel: channel) }
      }
      return .init(
        "from hour \(data.test.start(of: index))", step: "hour",
        lines: [
          ("came", values(batch.y)), ("forecast", values(try forecast(batch.x))),
          ("last day", values(try baseline(batch.x))),
        ])
    }
  }
}
