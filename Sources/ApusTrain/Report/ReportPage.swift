import ApusFormats
import Foundation

/// A page about one training run that needs no other file: figures, curves, pictures, texts, tables.
public struct ReportPage {
  /// A figure in large type.
  public struct Tile: Sendable {
    public var label: String
    public var value: String

    public init(_ label: String, _ value: String) {
      self.label = label
      self.value = value
    }
  }

  public struct Picture: Sendable {
    public var image: Image
    public var caption: String
    public var note: String?

    public init(_ image: Image, caption: String, note: String? = nil) {
      self.image = image
      self.caption = caption
      self.note = note
    }
  }

  /// Up to three lines over equal steps.
  public struct Chart: Sendable {
    public var title: String
    /// What a step is called.
    public var step: String
    /// Values from step 0 on; those that are no numbers are left out.
    public var lines: [(name: String, values: [Double])]

    public init(_ title: String, step: String = "step", lines: [(name: String, values: [Double])]) {
      self.title = title
      self.step = step
      self.lines = lines
    }

    var chart: LineChart {
      let series = zip(lines, ["a", "b", "c"]).map { line, style in
        let points = line.values.enumerated().map { LineChart.Point(x: Double($0.offset), y: $0.element) }
        return LineChart.Series(name: line.name, style: style, points: points.filter(\.y.isFinite))
      }
      return LineChart(title: title, series: series, axis: .init(name: step), format: short)
    }
  }

  public enum Part {
    case tiles([Tile])
    /// A chart for each metric, that of training and that of validation together.
    case curves([MetricRecord])
    case pictures([Picture])
    /// Samples of text, each with a caption.
    case texts([(caption: String, text: String)])
    case table(head: [String], rows: [[String]])
    /// Names and values.
    case settings([(String, String)])
    /// The loss over the learning rate.
    case learningRates(LearningRateCurve)
    /// Charts side by side, such as of a series and its forecasts.
    case charts([Chart])
    /// Markup of this module.
    case html(String)
  }

  private let title: String
  private var sections: [String] = []

  public init(title: String) { self.title = title }

  /// Adds a part at the end, with a heading and a sentence above it.
  public mutating func add(_ part: Part, under heading: String? = nil, note: String? = nil) {
    let markup = ReportPage.markup(part)
    guard heading != nil || note != nil else { return sections.append(markup) }
    let head = heading.map { "<h2>\(HTML.escaped($0))</h2>" } ?? ""
    let sentence = note.map { "<p class=\"note\">\(HTML.escaped($0))</p>" } ?? ""
    sections.append("<section>\(head)\n\(sentence)\n\(markup)</section>")
  }

  public var html: String {
    HTML.page(title, kind: "Apus", brand: "Apus training report", main: sections.joined(separator: "\n"))
  }

  // MARK: - Markup

  private static func markup(_ part: Part) -> String {
    switch part {
    case .tiles(let tiles):
      let items = tiles.map {
        "<div><b>\(HTML.escaped($0.value))</b><span>\(HTML.escaped($0.label))</span></div>"
      }
      return "<section class=\"tiles\">\(items.joined())</section>"
    case .curves(let history):
      return "<section class=\"charts\">\(charts(history))</section>"
    case .pictures(let pictures):
      guard !pictures.isEmpty else { return "" }
      let figures = pictures.map(figure).joined(separator: "\n")
      return "<div class=\"pictures\">\(figures)</div>"
    case .texts(let texts):
      return texts.map { caption, text in
        "<figure class=\"sample\"><figcaption>\(HTML.escaped(caption))</figcaption>"
          + "<pre>\(HTML.escaped(text))</pre></figure>"
      }.joined(separator: "\n")
    case .table(let head, let rows):
      let names = head.map { "<th scope=\"col\">\(HTML.escaped($0))</th>" }.joined()
      let lines = rows.map { row in
        "<tr>" + row.map { "<td>\(HTML.escaped($0))</td>" }.joined() + "</tr>"
      }
      return "<div class=\"scroll\"><table class=\"figures\"><thead><tr>\(names)</tr></thead>"
        + "<tbody>\(lines.joined(separator: "\n"))</tbody></table></div>"
    case .settings(let rows):
      let cells = rows.map {
        "<tr><th scope=\"row\">\(HTML.escaped($0.0))</th><td>\(HTML.escaped($0.1))</td></tr>"
      }
      return "<table class=\"settings\"><tbody>\(cells.joined())</tbody></table>"
    case .learningRates(let curve): return "<section class=\"charts\">\(curve.chart.html)</section>"
    case .charts(let charts):
      return "<section class=\"charts\">\(charts.map(\.chart.html).joined())</section>"
    case .html(let markup): return markup
    }
  }

  private static func charts(_ history: [MetricRecord]) -> String {
    let names = Set(history.flatMap(\.metrics.keys))
    let bases = Set(names.map { $0.replacing("validation/", with: "") })
    // Where each epoch has its record they count, else steps.
    let isByEpoch = history.enumerated().allSatisfy { $0.element.epoch == $0.offset + 1 }
    func series(_ name: String, _ label: String, _ style: String) -> LineChart.Series? {
      guard names.contains(name) else { return nil }
      let points = history.compactMap { record in
        record[name].map { LineChart.Point(x: Double(isByEpoch ? record.epoch : record.step), y: $0) }
      }
      return LineChart.Series(name: label, style: style, points: points)
    }
    return MetricRecord.sorted(bases).map { base in
      LineChart(
        title: base, series: [
          series(base, "training", "a"), series("validation/" + base, "validation", "b"),
        ].compactMap { $0 }, axis: isByEpoch ? .epochs : .steps
      ) { value in
        base.hasSuffix("accuracy") ? fixed(value * 100, 1) + " %" : short(value)
      }.html
    }.joined()
  }

  private static func figure(_ picture: Picture) -> String {
    let data = Data(PNG.encode(picture.image)).base64EncodedString()
    let caption = HTML.escaped(picture.caption)
    let note = picture.note.map { "<small>\(HTML.escaped($0))</small>" } ?? ""
    return "<figure><img alt=\"\(caption)\" src=\"data:image/png;base64,\(data)\">"
      + "<figcaption>\(caption)\(note)</figcaption></figure>"
  }
}

/// A number at an axis: three decimals, or powers of ten where those would not show it.
func short(_ value: Double) -> String {
  let size = abs(value)
  return size == 0 || (0.01..<100_000).contains(size) ? fixed(value, 3) : String(format: "%.2g", value)
}
