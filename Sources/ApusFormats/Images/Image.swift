import ApusIR

/// A picture in memory: 8 bits a channel, `[height, width, channels]`, rows from the top.
public struct Image: Hashable, Sendable {
  public let height: Int
  public let width: Int
  /// 1 (grey) or 3 (red, green, blue).
  public let channels: Int
  /// The samples, channels innermost, 0 to 255.
  public let pixels: [UInt8]

  /// More than this many pixels are refused before memory is taken for them.
  public static let maximumPixelCount = 1 << 26

  /// The pixels must have the size that the extents demand.
  public init(height: Int, width: Int, channels: Int, pixels: [UInt8]) {
    precondition(channels == 1 || channels == 3, "an image has 1 or 3 channels, not \(channels)")
    precondition(height * width * channels == pixels.count, "the pixels do not fit the extents")
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
  }

  /// The picture as `u8[height, width, channels]`.
  public var array: RawArray { RawArray(.u8, [height, width, channels], pixels) }

  /// The picture in 1 or 3 channels.
  ///
  /// Grey is the luma of ITU-R BT.601, `0.299 R + 0.587 G + 0.114 B`, rounded as Pillow rounds it.
  public func converted(toChannels target: Int) -> Image {
    precondition(target == 1 || target == 3, "an image has 1 or 3 channels, not \(target)")
    if target == channels { return self }
    let count = height * width
    let converted = [UInt8](unsafeUninitializedCapacity: count * target) { output, initialized in
      for pixel in 0..<count {
        if target == 3 {
          for channel in 0..<3 { output[pixel * 3 + channel] = pixels[pixel] }
        } else {
          let red = 19595 * UInt32(pixels[pixel * 3])
          let green = 38470 * UInt32(pixels[pixel * 3 + 1])
          let blue = 7471 * UInt32(pixels[pixel * 3 + 2])
          output[pixel] = UInt8((red + green + blue + 0x8000) >> 16)
        }
      }
      initialized = count * target
    }
    return Image(height: height, width: width, channels: target, pixels: converted)
  }

  static func checkSize(width: Int, height: Int, file: String) throws {
    guard width > 0, height > 0 else {
      throw FormatError(.malformed, file, "the image has no pixels (\(width) × \(height)).")
    }
    guard width <= maximumPixelCount / height else {
      throw FormatError(
        .tooLarge, file,
        "the image has \(width) × \(height) pixels; at most \(maximumPixelCount) are read. "
          + "Make it smaller first.")
    }
  }
}
