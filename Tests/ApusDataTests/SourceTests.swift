import ApusFormats
import Foundation
import Testing

@testable import ApusData

/// Data from outside: what is read, and the sentence for what is wrong with it.
@Suite struct SourceTests {
  private func temporaryFolder() throws -> String {
    let path = NSTemporaryDirectory() + "apus-data-\(UUID().uuidString)"
    try AtomicFile.createFolder(path)
    return path
  }

  private func picture(_ value: UInt8, side: Int = 4, channels: Int = 1) -> [UInt8] {
    PNG.encode(
      Image(
        height: side, width: side, channels: channels,
        pixels: [UInt8](repeating: value, count: side * side * channels)))
  }

  private func sentence(_ body: () throws -> ImageDataset) -> String {
    do {
      _ = try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test func aFolderOfPicturesHoldsOutEveryFifth() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for name in ["cat", "dog"] {
      try AtomicFile.createFolder("\(folder)/\(name)")
      for index in 0..<5 {
        try AtomicFile.write(picture(UInt8(index)), to: "\(folder)/\(name)/\(index).png")
      }
    }
    let dataset = try ImageDataset.open(folder)
    #expect(dataset.classNames == ["cat", "dog"])
    #expect(dataset.training.count == 8 && dataset.heldOut.count == 2)
    #expect(dataset.size == ImageSize(height: 4, width: 4, channels: 1))
    #expect(dataset.heldOut.pixels(of: 0).allSatisfy { $0 == 4 })

    let small = try ImageDataset.open(folder, fit: ImageFit(height: 2, width: 2, channels: 3))
    #expect(small.size == ImageSize(height: 2, width: 2, channels: 3))

    try AtomicFile.write(picture(1, side: 5), to: "\(folder)/dog/9.png")
    #expect(
      sentence { try ImageDataset.open(folder) }
        == "\(folder)/dog/9.png: it is 5 × 5 × 1, but the images before it are 4 × 4 × 1 "
        + "(height × width × channels); give --image-size to bring all to one size.")
    #expect(try ImageDataset.open(folder, fit: ImageFit(height: 4, width: 4)).training.count == 9)
  }

  @Test func trainAndTestFoldersMustHaveTheSameClasses() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for name in ["train/a", "train/b", "test/a", "test/c"] {
      try AtomicFile.createFolder("\(folder)/\(name)")
      try AtomicFile.write(picture(7), to: "\(folder)/\(name)/0.png")
    }
    #expect(
      sentence { try ImageDataset.open(folder) } == "\(folder): 'train' and 'test' have different classes.")
  }

  @Test func idxFilesMustBelongTogether() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func images(_ count: UInt8) -> [UInt8] {
      [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 2] + [UInt8](repeating: 9, count: Int(count) * 4)
    }
    func labels(_ values: [UInt8]) -> [UInt8] { [0, 0, 8, 1, 0, 0, 0, UInt8(values.count)] + values }
    try AtomicFile.write(images(3), to: "\(folder)/train-images-idx3-ubyte")
    #expect(
      sentence { try ImageDataset.open(folder) }
        == "\(folder)/train-labels-idx1-ubyte: there is no such file, nor one with .gz.")
    try AtomicFile.write(labels([0, 1]), to: "\(folder)/train-labels-idx1-ubyte")
    #expect(
      sentence { try ImageDataset.open(folder) }
        == "\(folder)/train-labels-idx1-ubyte: it has 2 labels for 3 images; they do not belong together.")
    try AtomicFile.write(labels([0, 1, 1]), to: "\(folder)/train-labels-idx1-ubyte")
    try AtomicFile.write(images(1), to: "\(folder)/t10k-images-idx3-ubyte")
    try AtomicFile.write(labels([2]), to: "\(folder)/t10k-labels-idx1-ubyte")
    #expect(
      sentence { try ImageDataset.open(folder) }
        == "\(folder): the held-out labels name class 2, which no image to train on has.")
    try AtomicFile.write(labels([1]), to: "\(folder)/t10k-labels-idx1-ubyte")
    let dataset = try ImageDataset.open(folder)
    #expect(dataset.classNames == ["0", "1"] && dataset.training.count == 3)
    #expect(
      sentence { try ImageDataset.open(folder, fit: ImageFit(height: 8, width: 8, channels: 1)) }
        == "\(folder): its images are 2 × 2 × 1 (height × width × channels), but 8 × 8 × 1 is wanted.")
    #expect(
      sentence { try ImageDataset.open(folder, classNames: ["x", "y"]) }
        == "\(folder): its classes are 0, 1, but the model knows x, y.")
  }

  @Test func missingDataIsASentence() {
    #expect(
      sentence { try ImageDataset.open("/nowhere") }
        == "/nowhere: there is no such data set: give 'digits' or the path of a folder.")
  }

  /// Numbers of Pillow 11's `Image.resize` with `BILINEAR`.
  @Test func resizingGivesPillowsNumbers() {
    let image = Image(
      height: 5, width: 7, channels: 1, pixels: (0..<35).map { UInt8($0 * 37 % 251) })
    #expect(image.resized(height: 2, width: 3).pixels == [40, 119, 198, 56, 135, 186])
    #expect(
      image.resized(height: 6, width: 9).pixels.suffix(18) == [
        26, 51, 79, 108, 137, 166, 195, 202, 185, 32, 57, 85, 114, 143, 172, 201, 146, 3,
      ])
    #expect(image.resized(height: 5, width: 7) == image)
  }
}
