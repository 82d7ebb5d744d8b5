/// The WAV format: PCM of 8, 16, 24 and 32 bits and floating point of 32 and 64, plain or extensible.
///
/// "Multimedia Programming Interface and Data Specifications 1.0" (1991) and Microsoft's
/// `WAVEFORMATEXTENSIBLE`.
public enum WAVFile {
  private enum Encoding { case unsigned, signed, float }

  private struct Format {
    var encoding: Encoding
    var byteCount: Int
    var channelCount: Int
    var sampleRate: Int
  }

  private static let maximumByteCount = 1 << 32

  /// Reads a file. Throws ``FormatError`` for one that is no WAV file, damaged, or compressed.
  public static func read(path: String) throws -> Sound {
    try read(try ByteSource(path: path).readAll(limit: maximumByteCount), file: path)
  }

  /// Reads a file that is in memory; `file` is its path for error messages.
  public static func read(_ bytes: [UInt8], file: String) throws -> Sound {
    guard bytes.count >= 12, bytes[0..<4].elementsEqual("RIFF".utf8), bytes[8..<12].elementsEqual("WAVE".utf8)
    else { throw FormatError(.malformed, file, "it is no WAV file: it does not begin with RIFF and WAVE.") }
    var format: Format?
    var position = 12
    while position + 8 <= bytes.count {
      let name = bytes[position..<position + 4]
      let size = bytes[position + 4..<position + 8].littleEndian(as: Int.self)
      let start = position + 8
      let isData = name.elementsEqual("data".utf8)
      guard size <= bytes.count - start else {
        throw FormatError(
          .truncated, file,
          "a part of \(size) bytes is announced at byte \(position), but only \(bytes.count - start) follow; "
            + "the file is incomplete.")
      }
      if name.elementsEqual("fmt ".utf8) { format = try self.format(bytes[start..<start + size], file) }
      if isData {
        guard let format else {
          throw FormatError(.malformed, file, "its samples come before the description of their format.")
        }
        return try sound(bytes[start..<start + size], format, file)
      }
      position = start + size + size % 2
    }
    throw FormatError(.truncated, file, "it has no samples; the file is incomplete.")
  }

  private static func format(_ bytes: ArraySlice<UInt8>, _ file: String) throws -> Format {
    guard bytes.count >= 16 else { throw FormatError(.malformed, file, "its description of the format is too short.") }
    func number(_ offset: Int, _ count: Int) -> Int {
      bytes[bytes.startIndex + offset..<bytes.startIndex + offset + count].littleEndian()
    }
    var tag = number(0, 2)
    // In the extensible form the tag stands at the start of a longer identifier.
    if tag == 0xFFFE, bytes.count >= 26 { tag = number(24, 2) }
    let (channels, rate, bits) = (number(2, 2), number(4, 4), number(14, 2))
    guard channels > 0, rate > 0, number(12, 2) == channels * (bits / 8) else {
      throw FormatError(
        .malformed, file, "its format makes no sense: \(channels) channels, \(rate) Hz, \(bits) bits, "
          + "\(number(12, 2)) bytes for each moment.")
    }
    let encoding: Encoding
    switch (tag, bits) {
    case (1, 8): encoding = .unsigned
    case (1, 16), (1, 24), (1, 32): encoding = .signed
    case (3, 32), (3, 64): encoding = .float
    default:
      throw FormatError(
        .unsupported, file,
        "its samples have encoding \(tag) with \(bits) bits; convert it to 16-bit PCM.")
    }
    return Format(encoding: encoding, byteCount: bits / 8, channelCount: channels, sampleRate: rate)
  }

  private static func sound(_ bytes: ArraySlice<UInt8>, _ format: Format, _ file: String) throws -> Sound {
    let width = format.byteCount
    let count = bytes.count / width
    guard bytes.count == count * width, count % format.channelCount == 0 else {
      throw FormatError(.malformed, file, "\(bytes.count) bytes of samples are no whole number of moments.")
    }
    var samples = [Float](repeating: 0, count: count)
    bytes.withUnsafeBytes { raw in
      for index in 0..<count {
        let offset = index * width
        switch (format.encoding, width) {
        case (.unsigned, _): samples[index] = (Float(raw[offset]) - 128) / 128
        case (.signed, 2):
          let value = Int16(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: Int16.self))
          samples[index] = Float(value) / 32768
        case (.signed, 3):
          let high = Int32(Int8(bitPattern: raw[offset + 2])) << 16
          samples[index] = Float(high | Int32(raw[offset + 1]) << 8 | Int32(raw[offset])) / 8_388_608
        case (.signed, _):
          let value = Int32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: Int32.self))
          samples[index] = Float(Double(value) / 2_147_483_648)
        case (.float, 4):
          let bits = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
          samples[index] = Float(bitPattern: bits)
        case (.float, _):
          let bits = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
          samples[index] = Float(Double(bitPattern: bits))
        }
      }
    }
    return Sound(sampleRate: format.sampleRate, channelCount: format.channelCount, samples: samples)
  }

  /// The bytes of a file of 16-bit PCM; what is beyond -1 and 1 is cut off.
  public static func encode(_ sound: Sound) -> [UInt8] {
    let data = sound.samples.flatMap { sample in
      Int16(max(-32768, min(32767, (sample * 32768).rounded()))).littleEndianBytes
    }
    let width = sound.channelCount * 2
    var format = UInt16(1).littleEndianBytes + UInt16(sound.channelCount).littleEndianBytes
    format += UInt32(sound.sampleRate).littleEndianBytes + UInt32(sound.sampleRate * width).littleEndianBytes
    format += UInt16(width).littleEndianBytes + UInt16(16).littleEndianBytes
    let body = Array("WAVEfmt ".utf8) + UInt32(16).littleEndianBytes + format
      + Array("data".utf8) + UInt32(data.count).littleEndianBytes + data
    return Array("RIFF".utf8) + UInt32(body.count).littleEndianBytes + body
  }
}
