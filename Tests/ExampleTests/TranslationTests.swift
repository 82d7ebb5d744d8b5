import Foundation
import Testing

@testable import Examples

@Suite(.serialized) struct TranslationTests {
  /// Both models learn a few sentences of the real data by heart.
  @Test(.enabled(if: RealData.has("multi30k"), "needs the real data"), arguments: ["transformer", "lstm"])
  func multi30k(_ model: String) async throws {
    #expect(try await shortRun(Translation.self, data: "multi30k", ["--model", model]) > 60)
  }

  /// The same on sentences made here, so that it runs everywhere.
  @Test(arguments: ["transformer", "lstm"])
  func madeSentences(_ model: String) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let pairs = madePairs()
    for part in ["train", "val", "test_2016_flickr"] {
      for (language, texts) in [("en", pairs.map(\.english)), ("de", pairs.map(\.german))] {
        let lines = texts.map { $0 + "\n" }.joined()
        try lines.write(to: folder.appendingPathComponent("\(part).\(language).gz"), atomically: true, encoding: .utf8)
      }
    }
    let arguments = ["--short", "--model", model, "--data", folder.path, "--output", folder.path + "/run"]
    #expect(try await Translation.parse(arguments).train().value > 60)
  }

  private func madePairs() -> [(english: String, german: String)] {
    let who = [("A man", "Ein Mann"), ("A woman", "Eine Frau"), ("A dog", "Ein Hund"), ("A child", "Ein Kind")]
    let does = [("sits", "sitzt"), ("sleeps", "schläft"), ("waits", "wartet"), ("stands", "steht")]
    let places = [
      ("on the beach", "am Strand"), ("in the park", "im Park"), ("near the house", "beim Haus"),
      ("at the table", "am Tisch"),
    ]
    return who.flatMap { who in
      does.flatMap { does in
        places.map { place in
          ("\(who.0) \(does.0) \(place.0).", "\(who.1) \(does.1) \(place.1).")
        }
      }
    }
  }
}
