/// Image files of the kinds that Apus reads: PNG and JPEG, told apart by their first bytes.
public enum ImageFile {
  /// Endings of the names of files that count as images in a folder, in lower case.
  public static let extensions = ["png", "jpg", "jpeg"]

  /// Larger files are refused before they are read.
  static let maximumByteCount = 1 << 29

  /// Reads a picture.
  /// - Parameter channels: 1 for grey, 3 for colour, nil for what the file has.
  /// - Throws: ``FormatError`` for a file that is missing, of another kind, damaged or too large.
  public static func read(path: String, channels: Int? = nil) throws -> Image {
    let bytes = try ByteSource(path: path).readAll(limit: maximumByteCount)
    return try decode(bytes, channels: channels, file: path)
  }

  /// Decodes a picture that is in memory; `file` is its path for error messages.
  public static func decode(_ bytes: [UInt8], channels: Int? = nil, file: String) throws -> Image {
    let image: Image
    if PNG.isPNG(bytes) {
      image = try PNG.decode(bytes, file: file)
    } else if JPEG.isJPEG(bytes) {
      image = try JPEG.decode(bytes, file: file)
    } else if bytes.isEmpty {
      throw FormatError(.truncated, file, "the file is empty.")
    } else {
      throw FormatError(.unsupported, file, "it is neither a PNG nor a JPEG image.")
    }
    return channels.map(image.converted(toChannels:)) ?? image
  }
}
