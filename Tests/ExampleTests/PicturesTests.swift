import ApusFormats
import Foundation
import Testing

@testable import Examples

/// Short runs of the examples on pictures: with the real data, and with embedded or made data in its place.
@Suite(.serialized) struct PicturesTests {
  /// The embedded digits go the same way as the clothes.
  @Test func fashionMNISTOnDigits() async throws {
    #expect(try await shortRun(FashionMNIST.self, ["--data", "digits"]) > 0.5)
  }

  @Test(.enabled(if: RealData.has("cifar10-jpeg"), "needs the real data"))
  func cifar10() async throws {
    #expect(try await shortRun(CIFAR10.self, data: "cifar10-jpeg") > 0.2)
  }

  /// Two kinds of made pictures, stripes and checks, in folders of PNG files.
  @Test func cifar10OnMadePictures() async throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for (part, count) in [("train", 200), ("test", 40)] {
      for (kind, name) in ["checks", "stripes"].enumerated() {
        let folder = root.appendingPathComponent("\(part)/\(name)").path
        try AtomicFile.createFolder(folder)
        for index in 0..<count {
          try AtomicFile.write(PNG.encode(picture(kind, index)), to: "\(folder)/\(index).png")
        }
      }
    }
    #expect(try await shortRun(CIFAR10.self, ["--data", root.path]) > 0.8)
  }

  private func picture(_ kind: Int, _ index: Int) -> Image {
    let pixels = (0..<32 * 32 * 3).map { place -> UInt8 in
      let (row, column) = (place / 96 + index, place / 3 % 32 + index / 3)
      let isLight = kind == 0 ? (row / 4 + column / 4) % 2 == 0 : row / 4 % 2 == 0
      return UInt8((isLight ? 150 : 50) + (place * 31 + index * 17) % 50)
    }
    return Image(height: 32, width: 32, channels: 3, pixels: pixels)
  }

  /// None of the sentences that are scored occurs in training; there are some thousands.
  @Test func captions() async throws {
    #expect(try await shortRun(Captions.self) > 0.1)
  }

  /// A picture is the same for the same seed, and no pair that is scored is trained on.
  @Test func madePicturesAreDeterministic() {
    let training = CaptionedPicture.make(50, seed: 3, unseen: false)
    let again = CaptionedPicture.make(50, seed: 3, unseen: false)
    let isSame = zip(training, again).allSatisfy { $0.image == $1.image && $0.sentence == $1.sentence }
    #expect(isSame)
    let unseen = Set(CaptionedPicture.make(200, seed: 3, unseen: true).map(\.sentence))
    #expect(unseen.isDisjoint(with: CaptionedPicture.make(2_000, seed: 3, unseen: false).map(\.sentence)))
  }
}
