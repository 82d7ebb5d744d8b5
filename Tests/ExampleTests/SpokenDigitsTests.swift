import ApusFormats
import Foundation
import Testing

@testable import Examples

@Suite(.serialized) struct SpokenDigitsTests {
  @Test(.enabled(if: RealData.has("fsdd"), "needs the real data"))
  func realVoices() async throws {
    let score = try await shortRun(SpokenDigits.self, data: "fsdd")
    #expect(score > 0.5)
  }

  /// A pair of tones for each digit, as on a telephone; guessing gives a tenth.
  @Test func tellsTonesApart() async throws {
    let folder = try MadeData.folder()
    defer { MadeData.remove(folder) }
    try tones().write(to: URL(fileURLWithPath: "\(folder)/recordings-00-24.tar.gz"))
    let run = try MadeData.folder()
    defer { MadeData.remove(run) }
    let example = try SpokenDigits.parse(["--data", folder, "--output", run, "--epochs", "8"])
    let score = try await example.train()
    #expect(score.value > 0.6)
    let page = try String(contentsOfFile: "\(run)/report.html", encoding: .utf8)
    #expect(page.contains("data:image/png") && page.contains("Speakers"))
  }

  @Test func aSpeakerThatThereIsNotIsNamed() async throws {
    let folder = try MadeData.folder()
    defer { MadeData.remove(folder) }
    try tones().write(to: URL(fileURLWithPath: "\(folder)/recordings-00-24.tar.gz"))
    await #expect(throws: (any Error).self) {
      try await SpokenDigits.parse(["--data", folder, "--output", folder, "--held-out", "nobody"]).train()
    }
  }

  /// Fourteen recordings a digit, of which five are the test set, as a plain tar archive.
  private func tones() -> Data {
    var noise = MadeData.Noise(state: 7)
    var archive: [UInt8] = []
    for digit in 0..<10 {
      for number in 0..<14 {
        let (low, high) = (250.0 * Double(1 + digit % 4), 1_500.0 + 700 * Double(digit / 4))
        let samples = (0..<2_400).map { index in
          let time = Double(index) / 8_000
          let tone = sin(2 * .pi * low * time) + sin(2 * .pi * high * time)
          return Float(0.2 * tone + 0.02 * (noise.next() - 0.5))
        }
        let bytes = WAVFile.encode(Sound(sampleRate: 8_000, samples: samples))
        archive += header("recordings/\(digit)_tone_\(number).wav", bytes.count) + bytes
        archive += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
      }
    }
    return Data(archive + [UInt8](repeating: 0, count: 1_024))
  }

  /// The header of a file in a tar archive (ustar).
  private func header(_ name: String, _ count: Int) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ place: Int) { block.replaceSubrange(place..<place + text.utf8.count, with: text.utf8) }
    func octal(_ number: Int, _ digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, 0)
    put("0000644", 100)
    put(octal(count, 11), 124)
    put("        ", 148)
    put("0", 156)
    put("ustar", 257)
    put("00", 263)
    put(octal(block.reduce(0) { $0 + Int($1) }, 6), 148)
    block[154] = 0
    return block
  }
}
