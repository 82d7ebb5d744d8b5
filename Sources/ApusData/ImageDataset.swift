import ApusFormats

/// A classification task: images to train on, and images held out to tell how well it went.
public struct ImageDataset: Sendable {
  /// A name or a path, as the user gave it.
  public let name: String
  public let training: LabeledImages
  public let heldOut: LabeledImages

  public init(name: String, training: LabeledImages, heldOut: LabeledImages) {
    precondition(training.classNames == heldOut.classNames, "both parts need the same classes")
    precondition(training.size == heldOut.size, "both parts need images of the same size")
    self.name = name
    self.training = training
    self.heldOut = heldOut
  }

  public var size: ImageSize { training.size }
  public var classNames: [String] { training.classNames }

  /// Opens a data set by name or path.
  ///
  /// - `digits`: the embedded handwritten digits.
  /// - A folder with `train-images-idx3-ubyte` and its three companions (plain or `.gz`): MNIST's layout.
  /// - A folder with one folder of PNG or JPEG images for each class, or with `train` and `test`
  ///   (or `val`) folders of that kind.
  ///
  /// - Parameters:
  ///   - size: what the pictures of a folder are brought to; nil where they are of one size already.
  ///   - classNames: the classes a trained model knows; nil to take what is there.
  /// - Throws: `FormatError` for data that is missing, damaged, or does not fit.
  public static func open(
    _ name: String, size: ImageSize? = nil, classNames: [String]? = nil
  ) throws -> ImageDataset {
    let dataset = try read(name, size: size)
    if let size, dataset.size != size {
      throw FormatError(
        .malformed, name,
        "its images are \(dataset.size) (height × width × channels), but \(size) is wanted.")
    }
    if let classNames, dataset.classNames != classNames {
      throw FormatError(
        .malformed, name,
        "its classes are \(dataset.classNames.joined(separator: ", ")), but the model knows "
          + "\(classNames.joined(separator: ", ")).")
    }
    return dataset
  }

  private static func read(_ name: String, size: ImageSize?) throws -> ImageDataset {
    if name == Digits.name { return Digits.dataset }
    if try IDXDataset.isPresent(in: name) { return try IDXDataset.read(folder: name) }
    return try FolderDataset.read(folder: name, size: size)
  }
}
