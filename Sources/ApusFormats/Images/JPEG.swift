import CTurboJPEG

/// JPEG images, through TurboJPEG.
public enum JPEG {
  static func isJPEG(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0xFF, 0xD8, 0xFF]) }

  /// Decodes a JPEG: grey files to 1, colour files to 3 channels. The orientation that a camera
  /// noted is not applied. `file` is the path for error messages.
  public static func decode(_ bytes: [UInt8], file: String) throws -> Image {
    guard let decoder = tjInitDecompress() else {
      throw FormatError(.unreadable, file, "TurboJPEG could not start: it found no memory.")
    }
    defer { tjDestroy(decoder) }
    return try bytes.withUnsafeBufferPointer { source in
      var (width, height, subsampling, space) = (Int32(0), Int32(0), Int32(0), Int32(0))
      let status = tjDecompressHeader3(
        decoder, source.baseAddress, UInt(source.count), &width, &height, &subsampling, &space)
      guard status == 0 else { throw failure(decoder, file) }
      guard space != TJCS_CMYK.rawValue, space != TJCS_YCCK.rawValue else {
        throw FormatError(
          .unsupported, file, "it is a JPEG for printing (CMYK); convert it to RGB first.")
      }
      try Image.checkSize(width: Int(width), height: Int(height), file: file)

      let isGrey = space == TJCS_GRAY.rawValue
      let channels = isGrey ? 1 : 3
      let format = isGrey ? TJPF_GRAY : TJPF_RGB
      // Zeroed, because a damaged file may leave rows unwritten.
      var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * channels)
      let result = pixels.withUnsafeMutableBufferPointer {
        tjDecompress2(
          decoder, source.baseAddress, UInt(source.count), $0.baseAddress, width, 0, height,
          Int32(format.rawValue), TJFLAG_LIMITSCANS)
      }
      // Many files in the wild give a warning and a good picture; only a missing end is an error.
      let isWarning = tjGetErrorCode(decoder) == TJERR_WARNING.rawValue
      let isIncomplete = message(decoder).lowercased().contains("premature end") || !hasEnd(bytes)
      guard result == 0 || (isWarning && !isIncomplete) else {
        throw failure(decoder, file, isIncomplete: isIncomplete)
      }
      return Image(height: Int(height), width: Int(width), channels: channels, pixels: pixels)
    }
  }

  private static func message(_ decoder: tjhandle) -> String {
    tjGetErrorStr2(decoder).map { String(cString: $0) } ?? "unknown error"
  }

  /// Whether the marker of the end (FF D9) follows the last scan (FF DA). Within the data of a scan
  /// neither can stand by chance, because there the format follows every FF with 00.
  private static func hasEnd(_ bytes: [UInt8]) -> Bool {
    for position in stride(from: bytes.count - 2, through: 0, by: -1)
    where bytes[position] == 0xFF {
      if bytes[position + 1] == 0xD9 { return true }
      if bytes[position + 1] == 0xDA { return false }
    }
    return false
  }

  private static func failure(
    _ decoder: tjhandle, _ file: String, isIncomplete: Bool = false
  ) -> FormatError {
    let text = message(decoder)
    if isIncomplete || text.lowercased().contains("premature end") {
      return FormatError(.truncated, file, "the JPEG image ends too early; the file is incomplete.")
    }
    return FormatError(.malformed, file, "the JPEG image is damaged: \(text).")
  }
}
