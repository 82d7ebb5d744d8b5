import ApusFormats

/// Numbers at equal distances in time, `[moment, channel]`.
public struct Series: Sendable {
  /// Names of the channels.
  public let names: [String]
  /// Row by row.
  public let values: [Float]

  public var channelCount: Int { names.count }
  /// Moments.
  public var count: Int { values.count / names.count }

  /// The number of values must be a multiple of the number of channels, of which there is at least one.
  public init(names: [String], values: [Float]) {
    precondition(!names.isEmpty && values.count % names.count == 0, "the values do not fit the channels")
    self.names = names
    self.values = values
  }

  /// The columns of a table of numbers, one a channel, the rows in order of time.
  ///
  /// Throws `FormatError` for a column that there is not or that holds texts, and for a value that is
  /// missing or infinite: what stands for it is for the caller to decide.
  public init(_ table: Table, columns: [String]) throws {
    guard !columns.isEmpty else {
      throw FormatError(.missing, table.source, "a series needs at least one column.")
    }
    var values = [Float](repeating: 0, count: table.rowCount * columns.count)
    for (channel, name) in columns.enumerated() {
      let numbers = try table.column(name).numbers(table.source)
      if let row = numbers.firstIndex(where: { !$0.isFinite }) {
        throw FormatError(
          .malformed, table.source,
          "the column '\(name)' has no number in row \(row + 1) of the data; fill gaps before windows are cut.")
      }
      for row in 0..<table.rowCount { values[row * columns.count + channel] = Float(numbers[row]) }
    }
    self.init(names: columns, values: values)
  }

  /// The moments of a range.
  public subscript(range: Range<Int>) -> Series {
    Series(names: names, values: Array(values[range.lowerBound * channelCount..<range.upperBound * channelCount]))
  }
}

/// Mean and deviation of each channel of a series: learned from its part for training, applied to all of it.
public struct SeriesScaling: Codable, Hashable, Sendable {
  public let means: [Double]
  /// 1 for a channel that does not change.
  public let deviations: [Double]

  /// Learns from a series with at least one moment.
  public init(of series: Series) {
    precondition(series.count > 0, "nothing can be learned from no moments")
    let (width, count) = (series.channelCount, Double(series.count))
    var sums = [Double](repeating: 0, count: width)
    for (place, value) in series.values.enumerated() { sums[place % width] += Double(value) }
    let means = sums.map { $0 / count }
    var squares = [Double](repeating: 0, count: width)
    for (place, value) in series.values.enumerated() {
      let distance = Double(value) - means[place % width]
      squares[place % width] += distance * distance
    }
    self.means = means
    deviations = squares.map { $0 > 0 ? ($0 / count).squareRoot() : 1 }
  }

  /// The series with mean 0 and deviation 1 where this was learned.
  public func callAsFunction(_ series: Series) -> Series {
    precondition(series.channelCount == means.count, "the series has other channels")
    let values = series.values.enumerated().map { place, value in
      let channel = place % means.count
      return Float((Double(value) - means[channel]) / deviations[channel])
    }
    return Series(names: series.names, values: values)
  }

  /// A value of a channel in the series' own unit.
  public func original(_ value: Double, channel: Int) -> Double { value * deviations[channel] + means[channel] }
}
