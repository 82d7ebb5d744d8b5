import Apus
import ApusFormats
import Testing

@testable import ApusData

/// Series, windows over them, rows of tables for training, and masks on spectrograms.
@Suite struct SeriesTests {
  private let series = Series(names: ["a", "b"], values: (0..<20).map { Float($0) })

  private func first(_ tensor: Tensor) -> [Float] { tensor[.ellipsis, 0].array(of: Float.self) }

  @Test func windowsAreThePastAndWhatFollows() throws {
    let windows = Windows(series, history: 3, horizon: 2, stride: 2)
    #expect(windows.count == 3)
    let sample = windows[1]
    #expect(first(sample.x) == [4, 6, 8] && first(sample.y) == [10, 12])
    let batch = windows.batch([2, 0])
    #expect(batch.x.shape == [2, 3, 2] && batch.y.shape == [2, 2, 2])
    #expect(first(batch.y) == [14, 16, 6, 8])
  }

  /// A moment that is forecast in two parts would carry the test into training.
  @Test func partsShareNoForecast() {
    let parts = [0..<5, 5..<8, 8..<10].map { Windows(series, history: 2, horizon: 2, forecasts: $0) }
    #expect(parts.map(\.count) == [2, 2, 1])
    let moments = parts.map { part in
      Set((0..<part.count).flatMap { part.start(of: $0)..<part.start(of: $0) + part.horizon })
    }
    #expect(moments == [[2, 3, 4], [5, 6, 7], [8, 9]])
    #expect(Windows(series, history: 9, horizon: 2).count == 0)
  }

  /// The scaling of a part does not know what comes later.
  @Test func scalingIsThatOfItsPart() {
    let scaling = SeriesScaling(of: series[0..<3])
    #expect(scaling.means == [2, 3])
    let scaled = scaling(series)
    #expect(abs(scaled.values[0] + 1.2247449) < 1e-6 && scaled.values[2] == 0)
    #expect(abs(scaling.original(Double(scaled.values[19]), channel: 1) - 19) < 1e-5)
    let flat = SeriesScaling(of: Series(names: ["x"], values: [5, 5]))
    #expect(flat.deviations == [1])
  }

  @Test func gapsInASeriesAreNamed() throws {
    let table = try CSVFile(text: "t,x\na,1\nb,NA\n", name: "s.csv").table()
    let message = "\(try #require(throws: FormatError.self) { try Series(table, columns: ["x"]) })"
    #expect(message.contains("'x' has no number in row 2"))
    #expect(throws: FormatError.self) { try Series(table, columns: ["t"]) }
    #expect(throws: FormatError.self) { try Series(table, columns: ["z"]) }
    #expect(throws: FormatError.self) { try Series(table, columns: []) }
  }

  @Test func rowsHaveNumbersMarksCategoriesAndTargets() throws {
    let table = try CSVFile(text: "n,m,c\n1,1,x\n3,,y\n2,3,x\n", CSVOptions { $0.types["c"] = .categorical }).table()
    let encoder = try TableEncoder(fitting: table, numeric: ["n", "m"], categorical: ["c"], marksMissing: true)
    #expect(encoder.numberCount == 3 && encoder.numeric.map(\.isMarked) == [false, true])
    let rows = try EncodedTable(table, encoder, targets: [0, 1, 1])
    let batch = rows.batch([1, 0])
    let numbers = batch.numbers.array(of: Float.self)
    #expect(abs(numbers[0] - 1.2247449) < 1e-6 && numbers[1...2] == [0, 1] && numbers[5] == 0)
    #expect(batch.categories.array(of: Int.self) == [2, 1] && batch.targets.array(of: Float.self) == [1, 0])
  }

  @Test func masksHideBandsAndFramesInTrainingOnly() throws {
    let masks = SpecAugment(bands: 4, frames: 6)
    let x = Tensor.ones([64, 20, 10])
    let same = masks(x) == x
    #expect(same)
    let hidden = withTraining { withRandom(seed: 1) { masks(x) } }
    let values = hidden.array(of: Float.self)
    var (bands, frames) = (0, 0)
    for example in 0..<64 {
      let part = values[example * 200..<(example + 1) * 200].map { $0 }
      let emptyBands = (0..<10).filter { band in (0..<20).allSatisfy { part[$0 * 10 + band] == 0 } }
      let emptyFrames = (0..<20).filter { frame in (0..<10).allSatisfy { part[frame * 10 + $0] == 0 } }
      let isRun = emptyBands.isEmpty || emptyBands == Array(emptyBands[0]...emptyBands[emptyBands.count - 1])
      #expect(isRun && emptyBands.count < 4 && emptyFrames.count < 6)
      bands += emptyBands.count
      frames += emptyFrames.count
    }
    // Widths from 0 to 3 and from 0 to 5; the means deviate by 0.14 and 0.21.
    #expect(abs(Double(bands) / 64 - 1.5) < 0.7 && abs(Double(frames) / 64 - 2.5) < 1.05)
  }
}
