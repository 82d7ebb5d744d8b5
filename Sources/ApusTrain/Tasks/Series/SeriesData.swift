import ApusData
import ApusFormats

/// A series as a configuration describes it, normalised by its part to train on, and cut into windows.
struct SeriesData: Sendable {
  let scaling: SeriesScaling
  let training: Windows
  let heldOut: Windows
  /// Moments until the same comes again.
  let season: Int

  var series: Series { training.series }

  init(_ configuration: TrainingConfiguration) throws {
    let options = try DataCatalog.catalog.arguments(configuration.source)
    let (history, horizon) = (options.integer("history"), options.integer("horizon"))
    season = options.isGiven("season") ? options.integer("season") : horizon
    guard season <= history else {
      throw options.error(
        "'history' \(history) is less than a season of \(season), which the forecast is compared with.")
    }
    let table = try CSVFile(path: configuration.data).table()
    let all = table.columns.map(\.name)
    let names = options.texts("columns") ?? table.columns.filter { $0.type == .int || $0.type == .float }.map(\.name)
    if let name = names.first(where: { !all.contains($0) }) {
      throw options.error(
        "\(configuration.data) has no column '\(name)'.\(nearest(name, all)) Its columns are "
          + "\(all.joined(separator: ", ")).")
    }
    if let twice = names.first(where: { name in names.filter { $0 == name }.count > 1 }) {
      throw options.error("'columns' has '\(twice)' twice.")
    }
    guard !names.isEmpty else { throw options.error("\(configuration.data) has no column of numbers.") }
    let raw = try Series(table, columns: names)
    let heldOutCount = Int((Double(raw.count) * (configuration.heldOut ?? 0.2)).rounded())
    let start = raw.count - heldOutCount
    guard start >= history + horizon, heldOutCount >= horizon else {
      throw options.error(
        "\(configuration.data) has \(start) rows to train on and \(heldOutCount) held out; a window needs 'history' "
          + "\(history) and 'horizon' \(horizon) of the first, and 'horizon' of the others.")
    }
    scaling = SeriesScaling(of: raw[0..<start])
    let series = scaling(raw)
    training = Windows(series, history: history, horizon: horizon, forecasts: 0..<start)
    heldOut = Windows(series, history: history, horizon: horizon, forecasts: start..<raw.count)
  }
}
