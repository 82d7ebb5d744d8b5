import Foundation
import Testing

@testable import Examples

@Suite(.serialized) struct ForecastTests {
  @Test(.enabled(if: RealData.has("timeseries"), "needs the real data"))
  func realSeries() async throws {
    let score = try await shortRun(Forecast.self, data: "timeseries")
    #expect(score > 0.05)
  }

  /// Sines of a day with noise: a forecast that averages days has less of the noise than the last day, which is
  /// off by √2 of it.
  @Test func beatsTheLastDayOnNoisySines() async throws {
    let folder = try MadeData.folder()
    defer { MadeData.remove(folder) }
    var noise = MadeData.Noise(state: 1)
    var text = "date,HUFL,OT\n"
    for hour in 0..<2_400 {
      let angle = 2 * Double.pi * Double(hour) / 24
      let (first, second) = (noise.next() - 0.5, noise.next() - 0.5)
      text += "\(hour),\(3 + sin(angle) + first),\(20 - 2 * cos(angle) + second)\n"
    }
    try text.write(toFile: "\(folder)/ETTh1.csv", atomically: true, encoding: .utf8)
    let run = try MadeData.folder()
    defer { MadeData.remove(run) }
    let example = try Forecast.parse(["--data", folder, "--output", run, "--history", "96", "--horizon", "24"])
    let score = try await example.train()
    #expect(score.value > 0.15)
    let page = try String(contentsOfFile: "\(run)/report.html", encoding: .utf8)
    #expect(page.contains("curve c") && page.contains("last day"))
  }

  @Test func tooShortASeriesIsNamed() async throws {
    let folder = try MadeData.folder()
    defer { MadeData.remove(folder) }
    try "date,OT\n0,1\n1,2\n".write(toFile: "\(folder)/ETTh1.csv", atomically: true, encoding: .utf8)
    await #expect(throws: (any Error).self) {
      try await Forecast.parse(["--data", folder, "--output", folder]).train()
    }
  }
}
