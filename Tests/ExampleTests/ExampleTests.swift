import Foundation
import Testing

@testable import Examples

/// Short runs of the examples, with scores far above chance. Real data lies beside the repository or in
/// `APUS_DATA`; without it a test is skipped.
@Suite(.serialized) struct ExampleTests {
  @Test(.enabled(if: RealData.has("fashion-mnist"), "needs the real data"))
  func fashionMNIST() async throws {
    let score = try await shortRun(FashionMNIST.self, data: "fashion-mnist")
    #expect(score > 0.75)
  }
}

/// Trains for seconds and gives the score.
func shortRun<E: Example>(_ example: E.Type, data: String? = nil, _ more: [String] = []) async throws -> Double {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: folder) }
  var arguments = ["--short", "--output", folder.path] + more
  if let data, let path = RealData.path(data) { arguments += ["--data", path] }
  return try await E.parse(arguments).train().value
}

/// The data sets of the examples on this machine.
enum RealData {
  static func path(_ name: String) -> String? {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let beside = root.appendingPathComponent("../shared/data/\(name)").standardized.path
    let chosen = ProcessInfo.processInfo.environment["APUS_DATA"].map { "\($0)/\(name)" }
    return [chosen, beside].compactMap { $0 }.first(where: FileManager.default.fileExists(atPath:))
  }

  static func has(_ name: String) -> Bool { path(name) != nil }
}
