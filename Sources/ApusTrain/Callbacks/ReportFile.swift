import ApusFormats

/// Writes `report.html` of the run folder when training is over, for runs that have no page of their own.
public final class ReportFile: Callback {
  private let title: String
  private let settings: [(String, String)]
  private let description: RunDescription
  private let additions: (inout ReportPage) throws -> Void

  /// - Parameters:
  ///   - settings: names and values.
  ///   - additions: adds pictures, texts and tables after the curves.
  public init(
    title: String, settings: [(String, String)] = [], _ description: RunDescription,
    additions: @escaping (inout ReportPage) throws -> Void = { _ in }
  ) {
    self.title = title
    self.settings = settings
    self.description = description
    self.additions = additions
  }

  public func end(_ end: TrainingEnd, _ context: TrainingContext) throws {
    guard let folder = context.folder, end != .failed else { return }
    let history = context.position.history
    let last = history.last?.metrics ?? [:]
    var tiles = MetricRecord.sorted(last.keys).prefix(4).map { name in
      ReportPage.Tile(
        name.replacing("/", with: " "),
        name.hasSuffix("accuracy") ? percent(last[name]!) : figure(last[name]!))
    }
    let seconds = history.reduce(context.position.seconds) { $0 + $1.seconds }
    tiles += [
      .init("steps", grouped(context.position.totalSteps)),
      .init("parameters", grouped(context.store.trainableCount)),
      .init("training time", "\(fixed(seconds, 1)) s"),
    ]
    var page = ReportPage(title: title)
    page.add(.tiles(tiles))
    page.add(.curves(history))
    try additions(&page)
    page.add(.settings(settings + description.settings), under: "Settings")
    try AtomicFile.write(page.html, to: folder.report)
  }
}
