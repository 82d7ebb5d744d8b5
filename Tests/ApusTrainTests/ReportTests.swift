import ApusFormats
import Foundation
import Testing

@testable import ApusTrain

/// The report is one file that needs nothing else.
@Suite struct ReportTests {
  @Test func theReportHasCurvesMatrixAndPictures() async throws {
    try await withFolder { root in
      let folder = RunFolder(path: root)
      let trainer = ClassifierTrainer(
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

  @Test func anyRunHasAReport() async throws {
    try await withFolder { root in
      let folder = RunFolder(path: root)
      let image = Image(height: 1, width: 2, channels: 1, pixels: [0, 255])
      let report = ReportFile(title: "a <line>", settings: [("rate", "0.05")], RunDescription(seed: 9)) { page in
        page.add(.pictures([.init(image, caption: "a & b")]), under: "Pictures")
        page.add(.texts([("sample", "<to be>")]), note: "one text")
        page.add(.table(head: ["layer"], rows: [["hidden"], ["output"]]))
      }
      _ = try await LineRun().trainer(TrainingOptions(epochs: 3), [report], folder: folder).run()
      let html = String(decoding: try bytes(folder.report), as: UTF8.self)
      #expect(html.components(separatedBy: "<polyline").count - 1 == 2)
      let parts = [
        "a &lt;line&gt;", "a &amp; b", "&lt;to be&gt;", "<td>output</td>", "one text", "0.05",
        "data:image/png;base64,", "validation size",
      ]
      for part in parts { #expect(html.contains(part), "\(part)") }
    }
  }

  @Test func namesFromOutsideAreEscaped() {
    #expect(HTML.escaped("<a href=\"x\">&") == "&lt;a href=&quot;x&quot;&gt;&amp;")
  }
}
