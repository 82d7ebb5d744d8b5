/// Images of one size with a class each, in memory.
///
/// Samples are light on dark paper where that makes a difference, 0 to 255, so that an image file
/// and a data set mean the same by the same number.
public struct LabeledImages: Sendable {
  /// The extents of one image.
  public let size: ImageSize
  /// The samples, `[image, row, column, channel]`.
  public let pixels: [UInt8]
  /// The class of each image, an index into `classNames`.
  public let labels: [Int]
  public let classNames: [String]

  /// The pixels must have the size that the extents and the number of labels demand.
  public init(size: ImageSize, pixels: [UInt8], labels: [Int], classNames: [String]) {
    precondition(pixels.count == labels.count * size.sampleCount, "the pixels do not fit the labels")
    precondition(
      labels.allSatisfy { classNames.indices.contains($0) }, "a label is outside the classes")
    self.size = size
    self.pixels = pixels
    self.labels = labels
    self.classNames = classNames
  }

  public var count: Int { labels.count }

  /// The samples of one image.
  public func pixels(of index: Int) -> ArraySlice<UInt8> {
    pixels[index * size.sampleCount..<(index + 1) * size.sampleCount]
  }

  /// The images at `indices`, in that order.
  public func subset(_ indices: [Int]) -> LabeledImages {
    var chosen: [UInt8] = []
    chosen.reserveCapacity(indices.count * size.sampleCount)
    for index in indices { chosen.append(contentsOf: pixels(of: index)) }
    return LabeledImages(
      size: size, pixels: chosen, labels: indices.map { labels[$0] }, classNames: classNames)
  }
}

/// The extents of an image: rows, columns, channels (1 for grey, 3 for colour).
public struct ImageSize: Hashable, Sendable {
  public var height: Int
  public var width: Int
  public var channels: Int

  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// Samples of one image.
  public var sampleCount: Int { height * width * channels }
}

extension ImageSize: CustomStringConvertible {
  public var description: String { "\(height) × \(width) × \(channels)" }
}
