/// Curves over epochs, as SVG that follows the page's colours.
struct LineChart {
  struct Series {
    var name: String
    /// The CSS class that has the colour.
    var style: String
    var values: [Double]
  }

  var title: String
  var series: [Series]
  /// What to show in any case, so that a flat curve is not stretched.
  var includes: ClosedRange<Double>
  /// How a value is written at the axis and in tooltips.
  var format: (Double) -> String

  private static let width = 460.0
  private static let height = 260.0
  private static let left = 62.0
  private static let right = 20.0
  private static let top = 14.0
  private static let bottom = 34.0

  var html: String {
    let values = series.flatMap(\.values).filter(\.isFinite) + [includes.lowerBound, includes.upperBound]
    let ticks = LineChart.ticks(from: values.min()!, to: values.max()!)
    let range = ticks.first!...ticks.last!
    let count = series.map(\.values.count).max() ?? 0
    let label = HTML.escaped(title)
    var parts = [
      "<figure class=\"chart\"><figcaption>\(label)\(legend)</figcaption>",
      "<svg viewBox=\"0 0 \(coordinate(LineChart.width)) \(coordinate(LineChart.height))\" "
        + "role=\"img\" aria-label=\"\(label)\">",
    ]
    parts += ticks.map { horizontal(at: $0, in: range) }
    parts += LineChart.epochTicks(count).map { mark(epoch: $0, of: count) }
    parts += series.flatMap { curve($0, range, count) }
    return (parts + ["</svg></figure>"]).joined(separator: "\n")
  }

  private var legend: String {
    series.map { "<span class=\"key \($0.style)\">\(HTML.escaped($0.name))</span>" }.joined()
  }

  private func horizontal(at tick: Double, in range: ClosedRange<Double>) -> String {
    let y = coordinate(position(tick, in: range))
    let start = coordinate(LineChart.left)
    let end = coordinate(LineChart.width - LineChart.right)
    let line = "<line class=\"grid\" x1=\"\(start)\" x2=\"\(end)\" y1=\"\(y)\" y2=\"\(y)\"/>"
    let x = coordinate(LineChart.left - 8)
    return line + "<text class=\"tick\" x=\"\(x)\" y=\"\(y)\" dy=\"0.32em\" text-anchor=\"end\">"
      + "\(format(tick))</text>"
  }

  private func mark(epoch: Int, of count: Int) -> String {
    let x = coordinate(place(epoch - 1, of: count))
    let y = coordinate(LineChart.height - LineChart.bottom + 20)
    return "<text class=\"tick\" x=\"\(x)\" y=\"\(y)\" text-anchor=\"middle\">\(epoch)</text>"
  }

  private func curve(_ series: Series, _ range: ClosedRange<Double>, _ count: Int) -> [String] {
    var path: [String] = []
    var dots: [String] = []
    for (index, value) in series.values.enumerated() where value.isFinite {
      let x = coordinate(place(index, of: count))
      let y = coordinate(position(value, in: range))
      path.append("\(x),\(y)")
      dots.append(
        "<circle class=\"dot \(series.style)\" cx=\"\(x)\" cy=\"\(y)\" r=\"2.5\">"
          + "<title>epoch \(index + 1), \(series.name): \(format(value))</title></circle>")
    }
    return ["<polyline class=\"curve \(series.style)\" points=\"\(path.joined(separator: " "))\"/>"] + dots
  }

  private func place(_ index: Int, of count: Int) -> Double {
    let span = LineChart.width - LineChart.left - LineChart.right - 12
    let share = count > 1 ? Double(index) / Double(count - 1) : 0.5
    return LineChart.left + 6 + span * share
  }

  private func position(_ value: Double, in range: ClosedRange<Double>) -> Double {
    let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    let span = LineChart.height - LineChart.top - LineChart.bottom
    return LineChart.height - LineChart.bottom - share * span
  }

  private func coordinate(_ value: Double) -> String { fixed(value, 1) }

  /// Two or more round numbers around the range, about five of them.
  private static func ticks(from low: Double, to high: Double) -> [Double] {
    let span = max(high - low, 1e-6)
    var unit = 1e-9
    while unit * 10 <= span / 4 { unit *= 10 }
    let step = [1, 2, 2.5, 5].map { $0 * unit }.first { span / $0 <= 5 } ?? unit * 10
    // A hair inwards, so that a range that ends at a tick does not get another one.
    let first = Int((low / step + 1e-6).rounded(.down))
    let last = Int((high / step - 1e-6).rounded(.up))
    return (first...max(first + 1, last)).map { Double($0) * step }
  }

  private static func epochTicks(_ count: Int) -> [Int] {
    let step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].first { count / $0 <= 10 } ?? count
    return (1...max(count, 1)).filter { $0 == 1 || $0 % step == 0 }
  }
}

enum HTML {
  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
