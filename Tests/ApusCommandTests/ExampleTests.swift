import Foundation
import Testing

/// What the README shows is what runs.
@Suite struct ExampleTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: ExampleTests.root.appendingPathComponent(path), encoding: .utf8)
  }

  @Test func theProgramOfTheReadmeIsTheExample() throws {
    let readme = try text("README.md")
    let start = try #require(readme.range(of: "```swift\n"))
    let end = try #require(readme.range(of: "```", range: start.upperBound..<readme.endIndex))
    #expect(try readme[start.upperBound..<end.lowerBound] == text("Examples/DigitClassifier/main.swift"))
  }

  @Test func theExampleLearns() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Built.path("DigitClassifier"))
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let last = output.split(separator: "\n").last.map { String($0) } ?? ""
    let accuracy = try #require(Double(last.replacingOccurrences(of: "accuracy ", with: "")))
    #expect(accuracy > 0.96, "\(output)")
  }

  /// Links in the documentation lead somewhere.
  @Test func linksBetweenDocumentsLeadSomewhere() throws {
    let documents = try FileManager.default.contentsOfDirectory(
      atPath: ExampleTests.root.appendingPathComponent("Docs").path)
    let pages = ["README.md"] + documents.filter { $0.hasSuffix(".md") }.map { "Docs/\($0)" }
    for page in pages {
      let folder = ExampleTests.root.appendingPathComponent(page).deletingLastPathComponent()
      for match in try text(page).matches(of: /\]\(([^)#\s]+)\)/) {
        let target = String(match.1)
        if target.hasPrefix("http") { continue }
        let path = folder.appendingPathComponent(target).path
        #expect(FileManager.default.fileExists(atPath: path), "\(page) links to \(target)")
      }
    }
  }
}

/// Programs that were built beside the tests.
enum Built {
  static func path(_ name: String) -> String {
    // The runner of the tests may stand elsewhere; one of its arguments is the tests' own program.
    let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    for path in [runner] + CommandLine.arguments {
      let neighbour = URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent(name)
      if FileManager.default.isExecutableFile(atPath: neighbour.path) { return neighbour.path }
    }
    return ".build/debug/\(name)"
  }
}
