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
  /// - A tar archive, plain or gzip, of such `train` and `test` folders.
  /// - `cifar-10-binary.tar.gz`, or a folder that has it: CIFAR-10 as it is published.
  ///
  /// - Parameters:
  ///   - fit: what the images are to be; nil to take what is there.
  ///   - classNames: the classes that a trained model knows; nil to take what is there.
  /// - Throws: `FormatError` for data that is missing, damaged, or does not fit.
  public static func open(
    _ name: String, fit: ImageFit? = nil, classNames: [String]? = nil
  ) throws -> ImageDataset {
    let dataset = try read(name, fit)
    if let fit, !fit.accepts(dataset.size) {
      throw FormatError(
        .malformed, name,
        "its images are \(dataset.size) (height × width × channels), but \(fit) is wanted.")
    }
    if let classNames, dataset.classNames != classNames {
      throw FormatError(
        .malformed, name,
        "its classes are \(dataset.classNames.joined(separator: ", ")), but the model knows "
          + "\(classNames.joined(separator: ", ")).")
    }
    return dataset
  }

  private static func read(_ name: String, _ fit: ImageFit?) throws -> ImageDataset {
    if name == Digits.name { return Digits.dataset }
    if let path = CIFARDataset.path(at: name) { return try CIFARDataset.read(path: path) }
    if ArchiveDataset.isPresent(at: name) { return try ArchiveDataset.read(path: name, fit) }
    if try IDXDataset.isPresent(in: name) { return try IDXDataset.read(folder: name) }
    return try FolderDataset.read(folder: name, fit)
  }
}

/// What images from files are brought to.
public struct ImageFit: Hashable, Sendable {
  public var height: Int
  public var width: Int
  /// 1 for grey, 3 for colour, nil for what the first image has.
  public var channels: Int?

  public init(height: Int, width: Int, channels: Int? = nil) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  public init(_ size: ImageSize) {
    self.init(height: size.height, width: size.width, channels: size.channels)
  }

  func accepts(_ size: ImageSize) -> Bool {
    size.height == height && size.width == width && (channels ?? size.channels) == size.channels
  }
}

extension ImageFit: CustomStringConvertible {
  public var description: String {
    "\(height) × \(width)" + (channels.map { " × \($0)" } ?? "")
  }
}
