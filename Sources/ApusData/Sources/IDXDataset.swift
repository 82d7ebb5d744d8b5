import ApusFormats
import Foundation

/// A folder with the four files of MNIST and its relatives, plain or compressed with gzip.
enum IDXDataset {
  private static let trainingPrefix = "train"
  private static let heldOutPrefix = "t10k"

  /// Whether a folder has a file of this layout; a folder without any is something else.
  static func isPresent(in folder: String) throws -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
      throw FormatError(
        .notFound, folder, "there is no such data set: give 'digits' or the path of a folder.")
    }
    guard isFolder.boolValue else {
      throw FormatError(.unreadable, folder, "this is a file; a folder of data is expected.")
    }
    return path(in: folder, imagesOf: trainingPrefix) != nil
  }

  static func read(folder: String) throws -> ImageDataset {
    let training = try part(folder, trainingPrefix)
    let heldOut = try part(folder, heldOutPrefix)
    guard training.size == heldOut.size else {
      throw FormatError(
        .malformed, folder,
        "the images to train on are \(training.size), those held out \(heldOut.size); "
          + "they must be of one size.")
    }
    let classCount = (training.labels.max() ?? 0) + 1
    guard let strange = heldOut.labels.first(where: { $0 >= classCount }) else {
      let names = classNames(folder, count: classCount)
      return ImageDataset(
        name: folder, training: training.named(names), heldOut: heldOut.named(names))
    }
    throw FormatError(
      .malformed, folder,
      "the held-out labels name class \(strange), which no image to train on has.")
  }

  private struct Part {
    var size: ImageSize
    var pixels: [UInt8]
    var labels: [Int]

    func named(_ names: [String]) -> LabeledImages {
      LabeledImages(size: size, pixels: pixels, labels: labels, classNames: names)
    }
  }

  private static func part(_ folder: String, _ prefix: String) throws -> Part {
    let imagesPath = try require(folder, "\(prefix)-images", "idx3")
    let labelsPath = try require(folder, "\(prefix)-labels", "idx1")
    let images = try IDXFile.read(path: imagesPath)
    let labels = try IDXFile.read(path: labelsPath)
    guard images.dtype == .u8, images.shape.count == 3 else {
      throw FormatError(
        .malformed, imagesPath,
        "it holds \(images.dtype)\(images.shape); images are u8[count, height, width].")
    }
    guard labels.dtype == .u8, labels.shape.count == 1 else {
      throw FormatError(
        .malformed, labelsPath, "it holds \(labels.dtype)\(labels.shape); labels are u8[count].")
    }
    guard images.shape[0] == labels.shape[0] else {
      throw FormatError(
        .malformed, labelsPath,
        "it has \(labels.shape[0]) labels for \(images.shape[0]) images; they do not belong together.")
    }
    guard !images.bytes.isEmpty else { throw FormatError(.malformed, imagesPath, "it has no images.") }
    let size = ImageSize(height: images.shape[1], width: images.shape[2], channels: 1)
    return Part(size: size, pixels: images.bytes, labels: labels.bytes.map(Int.init))
  }

  private static func require(_ folder: String, _ stem: String, _ kind: String) throws -> String {
    if let path = path(in: folder, stem: stem, kind: kind) { return path }
    throw FormatError(.notFound, "\(folder)/\(stem)-\(kind)-ubyte", "there is no such file, nor one with .gz.")
  }

  private static func path(in folder: String, imagesOf prefix: String) -> String? {
    path(in: folder, stem: "\(prefix)-images", kind: "idx3")
  }

  private static func path(in folder: String, stem: String, kind: String) -> String? {
    let path = "\(folder)/\(stem)-\(kind)-ubyte"
    return [path, path + ".gz"].first(where: FileManager.default.fileExists(atPath:))
  }

  /// The lines of `classes.txt`, where the folder has it with the right number of them; else numbers.
  private static func classNames(_ folder: String, count: Int) -> [String] {
    if let text = try? String(contentsOfFile: "\(folder)/classes.txt", encoding: .utf8) {
      let names = text.split(whereSeparator: \.isNewline).map { String($0) }
      if names.count == count { return names }
    }
    return (0..<count).map(String.init)
  }
}
