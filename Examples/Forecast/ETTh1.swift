import ApusData
import ApusFormats

/// The series, normalised by its part for training, and the windows of the usual split: a year, four months to
/// decide when to stop, and four months of test.
struct ETTh1 {
  let series: Series
  let scaling: SeriesScaling
  let training: Windows
  let heldOut: Windows
  let test: Windows

  init(folder: String, history: Int, horizon: Int) throws {
    let table = try CSVFile(path: "\(folder)/ETTh1.csv").table()
    let columns = table.columns.filter { $0.type == .float || $0.type == .int }.map(\.name)
    let raw = try Series(table, columns: columns)
    // Months of 30 days, as in the paper's own code; 20 of them, or all there is by the same shares.
    let count = min(raw.count, 20 * 30 * 24)
    let (heldOutStart, testStart) = (count * 12 / 20, count * 16 / 20)
    scaling = SeriesScaling(of: raw[0..<heldOutStart])
    let series = scaling(raw[0..<count])
    self.series = series
    func windows(_ range: Range<Int>) throws -> Windows {
      let windows = Windows(series, history: history, horizon: horizon, forecasts: range)
      guard windows.count > 0 else {
        throw FormatError(
          .malformed, table.source,
          "its \(raw.count) rows are too few for windows of \(history) and \(horizon); choose shorter ones.")
      }
      return windows
    }
    training = try windows(0..<heldOutStart)
    heldOut = try windows(heldOutStart..<testStart)
    test = try windows(testStart..<count)
  }
}
