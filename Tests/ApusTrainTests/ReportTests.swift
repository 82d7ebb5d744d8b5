import Foundation
import Testing

@testable import ApusTrain

/// The report is one file that needs nothing else.
@Suite struct ReportTests {
  @Test func theReportHasCurvesMatrixAndPictures() async throws {
    try await withFolder { root in
      let folder = RunFolder(path: root)
      var trainer = Trainer(
        smallConfiguration(epochs: 2), smallDataset(), folder: folder, progress: SilentProgress())
      try folder.prepare()
      guard case .finished(let result) = try await trainer.run() else {
        Issue.record("training did not finish")
        return
      }
      let html = String(decoding: try bytes(folder.report), as: UTF8.self)
      let wrong = result.evaluation.confusion.total - result.evaluation.confusion.correct
      #expect(html.components(separatedBy: "<polyline").count - 1 == 3)
      #expect(html.components(separatedBy: "data:image/png;base64,").count - 1 == min(wrong, 60))
      #expect(html.contains(percent(result.evaluation.accuracy)))
      for foreign in ["http://", "https://", "<script", "<link"] { #expect(!html.contains(foreign)) }
    }
  }

  @Test func namesFromOutsideAreEscaped() {
    #expect(HTML.escaped("<a href=\"x\">&") == "&lt;a href=&quot;x&quot;&gt;&amp;")
  }
}
