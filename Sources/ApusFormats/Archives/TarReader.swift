/// One file of an archive.
public struct TarEntry: Hashable, Sendable {
  /// The path within the archive, as it is written there: it may be absolute or have `..`, so make no file
  /// of it unseen.
  public var name: String
  public var bytes: [UInt8]

  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }
}

/// The files of a tar archive, plain or gzip, one after another: the forms of POSIX (ustar and pax) and GNU's
/// long names. Folders, links and devices are passed over.
public final class TarReader {
  private let stream: ByteStream
  private let maximum: Int
  private var offset = 0
  /// Path and size of the next file where a pax header or a GNU long name gave them.
  private var path: String?
  private var size: Int?

  private static let block = 512
  /// Longer than any path or set of attributes.
  private static let maximumAttributes = 1 << 20

  /// - Parameter maximumEntryBytes: A larger file is refused.
  public init(_ stream: ByteStream, maximumEntryBytes: Int = 1 << 30) {
    self.stream = stream
    maximum = maximumEntryBytes
  }

  /// The next file, nil after the last. Throws ``FormatError`` for an archive that is damaged or ends early.
  public func next() throws -> TarEntry? {
    while let header = try header() {
      let name = path ?? self.name(header)
      let count = try size ?? number(header[124..<136])
      switch header[156] {
      case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
        (path, size) = (nil, nil)
        return TarEntry(name: name, bytes: try contents(count, limit: maximum, "the file '\(name)'"))
      case UInt8(ascii: "L"):
        let bytes = try contents(try number(header[124..<136]), limit: TarReader.maximumAttributes, "a long name")
        path = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      case UInt8(ascii: "x"):
        let bytes = try contents(try number(header[124..<136]), limit: TarReader.maximumAttributes, "a pax header")
        try readAttributes(bytes)
      case UInt8(ascii: "g"), UInt8(ascii: "K"):
        _ = try contents(try number(header[124..<136]), limit: TarReader.maximumAttributes, "a header")
      default:
        // Links and folders have no contents, whatever size they state, but for what is unknown it counts.
        let isEmpty = (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(header[156])
        (path, size) = (nil, nil)
        try skip(isEmpty ? 0 : padded(count))
      }
    }
    return nil
  }

  private func damaged(_ reason: String) -> FormatError {
    FormatError(.malformed, stream.name, "the archive is damaged at byte \(offset): \(reason).")
  }

  /// The next header, nil at the end: a block of zeros, or the end of the file.
  private func header() throws -> [UInt8]? {
    let block = try stream.read(upTo: TarReader.block)
    if block.isEmpty || block.allSatisfy({ $0 == 0 }) { return nil }
    guard block.count == TarReader.block else {
      throw FormatError(.truncated, stream.name, "the archive ends inside a header; it is incomplete.")
    }
    let stated = try number(block[148..<156])
    let sum = block.reduce(0) { $0 + Int($1) } - block[148..<156].reduce(0) { $0 + Int($1) } + 8 * 32
    guard stated == sum else { throw damaged("a header's checksum is \(stated), but should be \(sum)") }
    offset += TarReader.block
    return block
  }

  /// Octal digits, or GNU's big-endian bytes behind a byte of 0x80.
  private func number(_ field: ArraySlice<UInt8>) throws -> Int {
    let first = field.first ?? 0
    if first == 0x80 {
      guard field.dropFirst().dropLast(7).allSatisfy({ $0 == 0 }), field.suffix(8)[field.endIndex - 8] < 0x40 else {
        throw damaged("a size is beyond any disk")
      }
      return field.suffix(8).bigEndian(as: Int.self)
    }
    let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
    guard digits.count < 20, digits.allSatisfy({ (0x30...0x37).contains($0) }) else {
      throw damaged("a number in a header is not octal")
    }
    return digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
  }

  private func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  private func name(_ header: [UInt8]) -> String {
    let name = text(header[0..<100])
    guard header[257..<262].elementsEqual("ustar".utf8), header[262] == 0 else { return name }
    let prefix = text(header[345..<500])
    return prefix.isEmpty ? name : "\(prefix)/\(name)"
  }

  private func padded(_ count: Int) -> Int { (count + TarReader.block - 1) / TarReader.block * TarReader.block }

  private func contents(_ count: Int, limit: Int, _ what: String) throws -> [UInt8] {
    guard count >= 0, count <= limit else {
      throw FormatError(.tooLarge, stream.name, "\(what) has \(count) bytes; at most \(limit) are read.")
    }
    var bytes: [UInt8] = []
    // Piece by piece, so that a header that lies costs no memory.
    while bytes.count < count {
      let piece = try stream.read(upTo: Swift.min(count - bytes.count, 1 << 20))
      guard !piece.isEmpty else {
        throw FormatError(.truncated, stream.name, "the archive ends inside \(what); it is incomplete.")
      }
      bytes += piece
    }
    offset += count
    try skip(padded(count) - count)
    return bytes
  }

  private func skip(_ count: Int) throws {
    var left = count
    while left > 0 {
      let piece = try stream.read(upTo: Swift.min(left, 1 << 20))
      // The padding of the last file may be missing.
      if piece.isEmpty { return }
      left -= piece.count
    }
    offset += count
  }

  /// Lines of `length key=value`, of which path and size matter.
  private func readAttributes(_ bytes: [UInt8]) throws {
    var position = 0
    while position < bytes.count {
      let rest = bytes[position...]
      guard let blank = rest.firstIndex(of: 0x20),
        let length = Int(String(decoding: rest[..<blank], as: UTF8.self)),
        length > blank - position + 1, length <= rest.count,
        let equal = rest[blank..<position + length].firstIndex(of: UInt8(ascii: "="))
      else { throw damaged("a pax header is no list of attributes") }
      let value = String(decoding: rest[(equal + 1)..<(position + length - 1)], as: UTF8.self)
      switch String(decoding: rest[(blank + 1)..<equal], as: UTF8.self) {
      case "path": path = value
      case "size":
        guard let count = Int(value), count >= 0 else { throw damaged("a pax header has the size '\(value)'") }
        size = count
      default: break
      }
      position += length
    }
  }
}
