import CPNG

/// PNG images, through libpng.
public enum PNG {
  // png.h has these as macros that Swift does not see.
  private static let version: UInt32 = 1
  private static let alphaFlag: UInt32 = 1
  private static let colourFlag: UInt32 = 2
  private static let sixteenBitIsSRGB: UInt32 = 4

  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  static func isPNG(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature.prefix(4)) }

  /// Decodes any PNG to 8 bits a channel: grey files to 1, all others to 3 channels.
  ///
  /// Palettes and fewer or more bits are converted; transparent pixels show white paper.
  /// `file` is the path for error messages.
  public static func decode(_ bytes: [UInt8], file: String) throws -> Image {
    guard bytes.starts(with: signature) else {
      throw FormatError(.malformed, file, "it is not a PNG file, or it was damaged in a transfer as text.")
    }
    var image = png_image()
    image.version = version
    defer { png_image_free(&image) }
    return try bytes.withUnsafeBytes { source in
      guard png_image_begin_read_from_memory(&image, source.baseAddress, source.count) != 0 else {
        throw failure(image, file)
      }
      try Image.checkSize(width: Int(image.width), height: Int(image.height), file: file)
      image.flags |= sixteenBitIsSRGB
      let hasAlpha = image.format & alphaFlag != 0
      let isColour = image.format & colourFlag != 0
      // This also undoes a palette.
      image.format = (hasAlpha ? alphaFlag : 0) | (isColour ? colourFlag : 0)

      let (height, width) = (Int(image.height), Int(image.width))
      let channels = isColour ? 3 : 1
      let samples = channels + (hasAlpha ? 1 : 0)
      // Zeroed, because a damaged file may leave rows unwritten.
      var pixels = [UInt8](repeating: 0, count: height * width * samples)
      let isRead = pixels.withUnsafeMutableBytes {
        png_image_finish_read(&image, nil, $0.baseAddress, Int32(width * samples), nil) != 0
      }
      guard isRead else { throw failure(image, file) }
      if hasAlpha { pixels = onWhite(pixels, channels: channels) }
      return Image(height: height, width: width, channels: channels, pixels: pixels)
    }
  }

  /// Encodes with 8 bits a channel.
  public static func encode(_ image: Image) -> [UInt8] {
    precondition(!image.pixels.isEmpty, "a PNG file needs at least one pixel")
    var header = png_image()
    header.version = version
    header.width = UInt32(image.width)
    header.height = UInt32(image.height)
    header.format = image.channels == 3 ? colourFlag : 0
    defer { png_image_free(&header) }
    return image.pixels.withUnsafeBytes { pixels in
      let stride = Int32(image.width * image.channels)
      var size = 0
      // Without memory it only computes the size.
      var isDone = png_image_write_to_memory(&header, nil, &size, 0, pixels.baseAddress, stride, nil)
      precondition(isDone != 0, "libpng could not encode: \(message(header))")
      return [UInt8](unsafeUninitializedCapacity: size) { output, count in
        isDone = png_image_write_to_memory(
          &header, output.baseAddress, &size, 0, pixels.baseAddress, stride, nil)
        precondition(isDone != 0, "libpng could not encode: \(message(header))")
        count = size
      }
    }
  }

  /// Lays samples with alpha (the last of each pixel) on white.
  private static func onWhite(_ samples: [UInt8], channels: Int) -> [UInt8] {
    let pixels = samples.count / (channels + 1)
    return [UInt8](unsafeUninitializedCapacity: pixels * channels) { output, initialized in
      for pixel in 0..<pixels {
        let start = pixel * (channels + 1)
        let alpha = UInt32(samples[start + channels])
        for channel in 0..<channels {
          let ink = UInt32(samples[start + channel]) * alpha
          let paper = 255 * (255 - alpha)
          output[pixel * channels + channel] = UInt8((ink + paper + 127) / 255)
        }
      }
      initialized = pixels * channels
    }
  }

  private static func failure(_ image: png_image, _ file: String) -> FormatError {
    let text = message(image)
    let endsEarly = text.contains("read beyond end") || text.contains("truncated")
    return FormatError(
      endsEarly ? .truncated : .malformed, file,
      endsEarly ? "the PNG image ends too early; the file is incomplete." : "the PNG image is damaged: \(text).")
  }

  private static func message(_ image: png_image) -> String {
    withUnsafeBytes(of: image.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
