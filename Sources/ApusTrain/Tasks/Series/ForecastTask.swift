import Apus
import ApusData
import ApusFormats
import ApusModels
import ApusRuntime

/// A series in time: from its past to what follows, compared with the forecast that the last season comes again.
struct ForecastTask: TrainingTask {
  /// What is measured, in deviations of each channel's part to train on. `improvement` is the share by which `mae` is
  /// below that of the last season.
  static let metrics = ["loss", MetricName.mae, MetricName.mse, "improvement"]

  let store: ParameterStore
  let source: any BatchSource<Batch>
  let inference: Inference<Batch>
  let data: SeriesData
  private let configuration: TrainingConfiguration
  private let model: any Layer
  private let lossFunction: LossCatalog.Function
  private let naive: Compiled<Batch, Tensor>

  /// Mean absolute errors by channel.
  struct Findings {
    var model: [Double]
    var naive: [Double]
  }

  init(_ configuration: TrainingConfiguration, _ store: ParameterStore) throws {
    try MetricCatalog.check(configuration, thereAre: ForecastTask.metrics)
    let data = try SeriesData(configuration)
    let (history, horizon) = (data.training.history, data.training.horizon)
    let model = try withTensorErrors {
      try ModelCatalog.forecaster(configuration.model, store.scope, history: history, horizon: horizon)
    }
    let last = SeasonalNaive(season: data.season, horizon: horizon)
    inference = Inference { model($0.x) }
    naive = compiled { last($0.x) }
    lossFunction = try configuration.makeLoss(.numbers)
    source = data.training.loader(batchSize: configuration.batchSize, seed: configuration.seed)
    self.model = model
    self.data = data
    self.store = store
    self.configuration = configuration
  }

  var unit: String { "windows" }
  var heldOutCount: Int { data.heldOut.count }
  var evaluationBatchSize: Int { 256 }
  var inputs: [String: [Int]] { ["past": [data.training.history, data.series.channelCount]] }
  var metricNames: [String] { ForecastTask.metrics }

  func loss(_ batch: Batch) throws -> Tensor { lossFunction(model(batch.x), batch.y) }

  func example(_ count: Int) -> Batch {
    let channels = data.series.channelCount
    return Batch(
      x: .zeros([count, data.training.history, channels]), y: .zeros([count, data.training.horizon, channels]))
  }

  func evaluate() throws -> (metrics: [String: Double], findings: Findings) {
    let channels = data.series.channelCount
    var found = Findings(model: Array(repeating: 0, count: channels), naive: Array(repeating: 0, count: channels))
    var (loss, squared) = (0.0, 0.0)
    for start in stride(from: 0, to: heldOutCount, by: evaluationBatchSize) {
      let batch = data.heldOut.batch(Array(start..<min(start + evaluationBatchSize, heldOutCount)))
      let forecast = try inference(batch)
      let error = forecast - batch.y
      loss += lossFunction(forecast, batch.y).item * Double(batch.y.shape[0])
      squared += (error * error).sum().item
      ForecastTask.add(error, to: &found.model)
      ForecastTask.add(try naive(batch) - batch.y, to: &found.naive)
    }
    let count = Double(heldOutCount * data.heldOut.horizon)
    found.model = found.model.map { $0 / count }
    found.naive = found.naive.map { $0 / count }
    let mae = mean(found.model)
    return (
      [
        "loss": loss / Double(heldOutCount), MetricName.mae: mae, MetricName.mse: squared / count / Double(channels),
        "improvement": improvement(mae, over: mean(found.naive)),
      ], found
    )
  }

  private static func add(_ error: Tensor, to sums: inout [Double]) {
    for (channel, sum) in abs(error).sum(axes: [0, 1]).array(of: Float.self).enumerated() {
      sums[channel] += Double(sum)
    }
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// 0 where the season comes again exactly.
  private func improvement(_ error: Double, over naive: Double) -> Double { naive > 0 ? 1 - error / naive : 0 }

  // MARK: - What is left

  /// Beside the weights what is needed to use them.
  private struct Encoding: Encodable {
    var columns: [String]
    var scaling: SeriesScaling
    var history: Int
    var horizon: Int
  }

  func save(to folder: RunFolder, _ record: TrainingRecord) throws {
    let encoding = Encoding(
      columns: data.series.names, scaling: data.scaling, history: data.training.history, horizon: data.training.horizon)
    try SavedModel(configuration, record, encoding).save(store, to: folder)
  }

  func describe(_ findings: Findings, in page: inout ReportPage) throws {
    func row(_ name: String, _ model: Double, _ naive: Double) -> [String] {
      [name, figure(model), figure(naive), percent(improvement(model, over: naive))]
    }
    var rows = data.series.names.indices.map { row(data.series.names[$0], findings.model[$0], findings.naive[$0]) }
    if rows.count > 1 { rows.append(row("all", mean(findings.model), mean(findings.naive))) }
    page.add(
      .table(head: ["channel", "model", "last season", "below"], rows: rows), under: "Mean absolute errors",
      note: "Of what is held out, in deviations of each channel's part to train on. The last season is \(data.season) "
        + "moments.")
    page.add(
      .charts(try charts()), under: "Forecasts",
      note: "Of \(data.series.names[data.series.channelCount - 1]), from windows spread over what is held out.")
  }

  /// What came, what was forecast and the last season, in the channel's own unit.
  private func charts() throws -> [ReportPage.Chart] {
    let channel = data.series.channelCount - 1
    let count = min(4, heldOutCount)
    return try (0..<count).map { place in
      let index = place * (heldOutCount - 1) / max(count - 1, 1)
      let batch = data.heldOut.batch([index])
      func values(_ y: Tensor) -> [Double] {
        y[0, .all, channel].array(of: Float.self).map { data.scaling.original(Double($0), channel: channel) }
      }
      return .init(
        "from row \(data.heldOut.start(of: index) + 1)", step: "moment",
        lines: [
          ("came", values(batch.y)), ("forecast", values(try inference(batch))),
          ("last season", values(try naive(batch))),
        ])
    }
  }

  func summary(_ findings: Findings, _ metrics: [String: Double]) -> String {
    figures(metrics) + "\nmean absolute error \(percent(metrics["improvement"] ?? 0)) below that of the last season"
  }
}
