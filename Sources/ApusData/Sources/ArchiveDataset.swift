import ApusFormats
import Foundation

/// A tar archive, plain or gzip, with `train/<class>/<image>` and `test/<class>/<image>`, perhaps below one folder
/// more. All is decoded into memory.
enum ArchiveDataset {
  private static let trainingFolder = "train"
  private static let heldOutFolders = ["test", "val", "valid", "validation"]
  /// Larger files are no images of a data set that fits into memory.
  private static let maximumEntryBytes = 1 << 26

  /// Whether the name is that of an archive that is there.
  static func isPresent(at path: String) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else { return false }
    return [".tar", ".tar.gz", ".tgz"].contains(where: path.lowercased().hasSuffix)
  }

  private struct Sample {
    var name: String
    var className: String
    var image: Image
  }

  /// - Parameter fit: what all images are brought to; nil where they must be of one size already.
  static func read(path: String, _ fit: ImageFit?) throws -> ImageDataset {
    let reader = TarReader(try ByteStream(path: path), maximumEntryBytes: maximumEntryBytes)
    var training: [Sample] = []
    var heldOut: [Sample] = []
    var size: ImageSize?
    while let entry = try reader.next() {
      let parts = entry.name.split(separator: "/").map(String.init)
      let ending = parts.last?.split(separator: ".").last?.lowercased() ?? ""
      guard parts.count >= 3, ImageFile.extensions.contains(ending) else { continue }
      let part = parts[parts.count - 3]
      guard part == trainingFolder || heldOutFolders.contains(part) else { continue }
      let file = "\(path):\(entry.name)"
      let image = try ImageFile.decode(entry.bytes, channels: size?.channels ?? fit?.channels, file: file)
      let target = size
        ?? ImageSize(
          height: fit?.height ?? image.height, width: fit?.width ?? image.width, channels: image.channels)
      size = target
      guard fit != nil || image.size == target else {
        throw FormatError(
          .malformed, file,
          "it is \(image.size), but the images before it are \(target) (height × width × channels); "
            + "give --image-size to bring all to one size.")
      }
      let sample = Sample(
        name: entry.name, className: parts[parts.count - 2],
        image: image.resized(height: target.height, width: target.width))
      if part == trainingFolder { training.append(sample) } else { heldOut.append(sample) }
    }
    guard let size, !training.isEmpty, !heldOut.isEmpty else {
      throw FormatError(
        .malformed, path, "it has no images in 'train/<class>/' or none in 'test/<class>/'.")
    }
    let classNames = names(of: training)
    guard classNames == names(of: heldOut) else {
      throw FormatError(.malformed, path, "'train' and 'test' have different classes.")
    }
    return ImageDataset(
      name: path, training: images(training, size, classNames), heldOut: images(heldOut, size, classNames))
  }

  private static func names(of samples: [Sample]) -> [String] {
    Set(samples.map(\.className)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// In order of their names, as a folder of the same files would be read.
  private static func images(_ samples: [Sample], _ size: ImageSize, _ classNames: [String]) -> LabeledImages {
    let numbers = Dictionary(uniqueKeysWithValues: zip(classNames, classNames.indices))
    let ordered = samples.sorted {
      let (first, second) = (numbers[$0.className] ?? 0, numbers[$1.className] ?? 0)
      return first == second ? $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) : first < second
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(ordered.count * size.sampleCount)
    for sample in ordered { pixels += sample.image.pixels }
    return LabeledImages(
      size: size, pixels: pixels, labels: ordered.map { numbers[$0.className] ?? 0 }, classNames: classNames)
  }
}
