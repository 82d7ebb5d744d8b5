import Foundation
import Testing

@testable import Examples

@Suite(.serialized) struct AdultTests {
  @Test(.enabled(if: RealData.has("tabular/jbrownlee"), "needs the real data"))
  func realTable() async throws {
    let score = try await shortRun(Adult.self, data: "tabular/jbrownlee")
    #expect(score > 0.88)
  }

  /// The rule of the made table is in a category, a number and a missing value; guessing gives 0.5.
  @Test func learnsAKnownRule() async throws {
    let folder = try MadeData.folder()
    defer { MadeData.remove(folder) }
    try MadeData.incomes(2_000, seed: 1, point: "").write(
      toFile: "\(folder)/adult-train.csv", atomically: true, encoding: .utf8)
    try MadeData.incomes(600, seed: 2, point: ".").write(
      toFile: "\(folder)/adult-test.csv", atomically: true, encoding: .utf8)
    let run = try MadeData.folder()
    defer { MadeData.remove(run) }
    let example = try Adult.parse(["--data", folder, "--output", run, "--seed", "3"])
    let score = try await example.train()
    #expect(score.value > 0.9)
    let page = try String(contentsOfFile: "\(run)/report.html", encoding: .utf8)
    #expect(page.contains("ROC curve") && page.contains("test AUC"))
  }

  @Test func anotherLabelIsNamed() async throws {
    let folder = try MadeData.folder()
    defer { MadeData.remove(folder) }
    let text = MadeData.incomes(40, seed: 1, point: "").replacingOccurrences(of: ">50K", with: "rich")
    try text.write(toFile: "\(folder)/adult-train.csv", atomically: true, encoding: .utf8)
    await #expect(throws: (any Error).self) {
      try await Adult.parse(["--data", folder, "--output", folder]).train()
    }
  }
}
