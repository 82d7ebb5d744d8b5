/// Curves over epochs or steps, as SVG that follows the page's colours.
struct LineChart {
  struct Series {
    var name: String
    /// The CSS class that has the colour.
    var style: String
    var points: [Point]
  }

  struct Point {
    var x: Double
    var y: Double
  }

  /// What `x` counts, and how it is written.
  struct Axis: Sendable {
    var name: String
    var format: @Sendable (Double) -> String = { grouped(Int($0)) }

    static let epochs = Axis(name: "epoch")
    static let steps = Axis(name: "step")
  }

  var title: String
  var series: [Series]
  var axis = Axis.epochs
  /// What to show in any case, so that a flat curve is not stretched.
  var includes: ClosedRange<Double>?
  /// How a value is written at the axis and in tooltips.
  var format: (Double) -> String

  private static let width = 460.0
  private static let height = 260.0
  private static let left = 62.0
  private static let right = 20.0
  private static let top = 14.0
  private static let bottom = 34.0
  private static let maximumDotCount = 60

  var html: String {
    let values = series.flatMap(\.points).map(\.y).filter(\.isFinite)
    let shown = values + (includes.map { [$0.lowerBound, $0.upperBound] } ?? [])
    let ticks = LineChart.ticks(from: shown.min() ?? 0, to: shown.max() ?? 1)
    let range = ticks.first!...ticks.last!
    let places = series.flatMap(\.points).map(\.x).filter(\.isFinite)
    let span = (places.min() ?? 0)...(places.max() ?? 0)
    let label = HTML.escaped(title)
    var parts = [
      "<figure class=\"chart\"><figcaption>\(label)\(legend)</figcaption>",
      "<svg viewBox=\"0 0 \(coordinate(LineChart.width)) \(coordinate(LineChart.height))\" "
        + "role=\"img\" aria-label=\"\(label)\">",
    ]
    parts += ticks.map { horizontal(at: $0, in: range) }
    parts += LineChart.marks(span).map { mark($0, in: span) }
    parts += series.flatMap { curve($0, range, span) }
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

  private func mark(_ value: Double, in span: ClosedRange<Double>) -> String {
    let x = coordinate(place(value, in: span))
    let y = coordinate(LineChart.height - LineChart.bottom + 20)
    return "<text class=\"tick\" x=\"\(x)\" y=\"\(y)\" text-anchor=\"middle\">\(axis.format(value))</text>"
  }

  private func curve(
    _ series: Series, _ range: ClosedRange<Double>, _ span: ClosedRange<Double>
  ) -> [String] {
    var path: [String] = []
    var dots: [String] = []
    for point in series.points where point.x.isFinite && point.y.isFinite {
      let x = coordinate(place(point.x, in: span))
      let y = coordinate(position(point.y, in: range))
      path.append("\(x),\(y)")
      dots.append(
        "<circle class=\"dot \(series.style)\" cx=\"\(x)\" cy=\"\(y)\" r=\"2.5\">"
          + "<title>\(axis.name) \(axis.format(point.x)), \(HTML.escaped(series.name)): "
          + "\(format(point.y))</title></circle>")
    }
    // Dots of many points would hide the curve.
    if dots.count > LineChart.maximumDotCount { dots = [] }
    return ["<polyline class=\"curve \(series.style)\" points=\"\(path.joined(separator: " "))\"/>"] + dots
  }

  private func place(_ x: Double, in span: ClosedRange<Double>) -> Double {
    let length = span.upperBound - span.lowerBound
    let width = LineChart.width - LineChart.left - LineChart.right - 12
    let share = length > 0 ? (x - span.lowerBound) / length : 0.5
    return LineChart.left + 6 + width * share
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

  /// The first value and round whole numbers behind it, about ten of them.
  private static func marks(_ span: ClosedRange<Double>) -> [Double] {
    guard abs(span.lowerBound) < 1e15, abs(span.upperBound) < 1e15 else { return [] }
    let first = Int(span.lowerBound.rounded(.up))
    let last = Int(span.upperBound.rounded(.down))
    guard last >= first else { return [] }
    var unit = 1
    while unit * 10 <= (last - first) / 4 { unit *= 10 }
    let step = [1, 2, 5, 10].map { $0 * unit }.first { (last - first) / $0 <= 10 } ?? unit * 10
    let round = stride(from: first - first % step, through: last, by: step).filter {
      $0 > first && 2 * ($0 - first) >= step
    }
    return ([first] + round).map(Double.init)
  }
}
