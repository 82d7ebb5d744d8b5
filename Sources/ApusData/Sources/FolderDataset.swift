import ApusFormats
import Foundation

/// A folder with one folder of PNG or JPEG images for each class.
enum FolderDataset {
  /// Of a folder that is not divided into `train` and `test`, every fifth image of a class is held out.
  private static let heldOutPeriod = 5

  /// - Parameter fit: what all images are brought to; nil where they must be of one size already.
  static func read(folder: String, _ fit: ImageFit?) throws -> ImageDataset {
    let trainingPath = "\(folder)/train"
    guard FileManager.default.fileExists(atPath: trainingPath) else {
      let files = try ImageFolder(path: folder)
      let all = try images(files, fit)
      let (training, heldOut) = split(all)
      guard !heldOut.isEmpty else {
        throw FormatError(
          .malformed, folder, "no class has \(heldOutPeriod) images, so none can be held out; add some.")
      }
      return ImageDataset(
        name: folder, training: all.subset(training), heldOut: all.subset(heldOut))
    }
    let names = ["test", "val", "valid", "validation"].map { "\(folder)/\($0)" }
    guard let heldOutPath = names.first(where: FileManager.default.fileExists(atPath:)) else {
      throw FormatError(.notFound, "\(folder)/test", "there is no such folder beside 'train', nor 'val'.")
    }
    let trainingFiles = try ImageFolder(path: trainingPath)
    let heldOutFiles = try ImageFolder(path: heldOutPath)
    guard trainingFiles.classNames == heldOutFiles.classNames else {
      throw FormatError(
        .malformed, folder, "'train' and '\((heldOutPath as NSString).lastPathComponent)' have different classes.")
    }
    let training = try images(trainingFiles, fit)
    return ImageDataset(
      name: folder, training: training, heldOut: try images(heldOutFiles, fit.map { _ in ImageFit(training.size) }))
  }

  private static func images(_ folder: ImageFolder, _ fit: ImageFit?) throws -> LabeledImages {
    var size: ImageSize?
    var pixels: [UInt8] = []
    for sample in folder.samples {
      let channels = size?.channels ?? fit?.channels
      let image = try ImageFile.read(path: sample.path, channels: channels)
      let found = ImageSize(height: image.height, width: image.width, channels: image.channels)
      let target = size
        ?? ImageSize(
          height: fit?.height ?? found.height, width: fit?.width ?? found.width,
          channels: found.channels)
      size = target
      guard fit != nil || found == target else {
        throw FormatError(
          .malformed, sample.path,
          "it is \(found), but the images before it are \(target) (height × width × channels); "
            + "give --image-size to bring all to one size.")
      }
      pixels.append(contentsOf: image.resized(height: target.height, width: target.width).pixels)
    }
    return LabeledImages(
      size: size!, pixels: pixels, labels: folder.samples.map(\.label), classNames: folder.classNames)
  }

  /// Every fifth image of each class is held out, the same on every machine.
  private static func split(_ images: LabeledImages) -> (training: [Int], heldOut: [Int]) {
    var seen = [Int](repeating: 0, count: images.classNames.count)
    var training: [Int] = []
    var heldOut: [Int] = []
    for (index, label) in images.labels.enumerated() {
      seen[label] += 1
      if seen[label] % heldOutPeriod == 0 { heldOut.append(index) } else { training.append(index) }
    }
    return (training, heldOut)
  }
}
