import Apus
import ApusData
import ApusTrain

/// The errors of forecasts of all windows.
struct ForecastScore {
  let mae: Double
  let mse: Double
  /// Mean absolute errors by channel.
  let channels: [Double]

  init(_ windows: Windows, _ forecast: Compiled<Tensor, Tensor>) throws {
    var absolute = [Double](repeating: 0, count: windows.series.channelCount)
    var squared = 0.0
    for start in stride(from: 0, to: windows.count, by: 256) {
      let batch = windows.batch(Array(start..<min(start + 256, windows.count)))
      let error = try forecast(batch.x) - batch.y
      for (channel, sum) in abs(error).sum(axes: [0, 1]).array(of: Float.self).enumerated() {
        absolute[channel] += Double(sum)
      }
      squared += (error * error).sum().item
    }
    let count = Double(windows.count * windows.horizon)
    channels = absolute.map { $0 / count }
    mae = channels.reduce(0, +) / Double(channels.count)
    mse = squared / count / Double(channels.count)
  }

  var metrics: [String: Double] { [MetricName.mae: mae, MetricName.mse: mse] }
}
