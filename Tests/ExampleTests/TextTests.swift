import Foundation
import Testing

@testable import Examples

/// Short runs of the examples on texts.
extension ExampleTests {
  @Test(.enabled(if: RealData.has("tinyshakespeare"), "needs the real data"))
  func charGPT() async throws {
    // By chance 4.17 nats; by the frequency of characters alone 3.3.
    let loss = try await shortRun(CharGPT.self, data: "tinyshakespeare")
    #expect(loss < 2.75)
  }

  @Test(.enabled(if: RealData.has("tinyshakespeare"), "needs the real data"))
  func charLSTM() async throws {
    // By chance 6.02 bits; by the frequency of characters alone 4.8.
    let bits = try await shortRun(CharLSTM.self, data: "tinyshakespeare")
    #expect(bits < 4.2)
  }

  @Test(.enabled(if: RealData.has("trec"), "needs the real data"))
  func trec() async throws {
    let accuracy = try await shortRun(TREC.self, data: "trec")
    #expect(accuracy > 0.7)
  }

  /// The same on made texts, where no real data is.
  @Test func madeTexts() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ name: String, _ lines: [String]) throws {
      try lines.map { $0 + "\n" }.joined().write(
        to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }
    let verse = ["the swift flies high above the town", "and sleeps upon the wind till day"]
    try write("input.txt", (0..<2_600).map { verse[$0 % 2] })
    #expect(try await shortRun(CharGPT.self, ["--data", folder.path]) < 1)
    #expect(try await shortRun(CharLSTM.self, ["--data", folder.path]) < 1.5)

    let openings = ["HUM:ind": "who was", "LOC:city": "where is", "NUM:count": "how many are", "DESC:def": "what is"]
    let questions = (0..<150).flatMap { number in
      openings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value) name\(number % 7) the \(number % 5) ?" }
    }
    try write("TREC.train", questions)
    try write("TREC.test", Array(questions.suffix(40)))
    let run = ["--short", "--data", folder.path, "--output", folder.path + "/run"]
    let score = try await TREC.parse(run).train().value
    #expect(score > 0.8)
    // A run that has ended goes on from its end; one of another seed does not.
    #expect(try await TREC.parse(run + ["--resume"]).train().value == score)
    let other = try TREC.parse(run + ["--resume", "--seed", "1"])
    await #expect(throws: (any Error).self) { try await other.train() }
  }
}
