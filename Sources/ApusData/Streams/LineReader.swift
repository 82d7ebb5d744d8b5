import ApusFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Lines of bytes, without the LF or CRLF that ends them. Memory is that of the longest line.
final class LineReader {
  let name: String
  /// The number of the line that was read last, from 1.
  private(set) var line = 0
  private let stream: ByteStream
  private let maximum: Int
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false

  init(_ stream: ByteStream, maximumLineBytes: Int) {
    self.stream = stream
    name = stream.name
    maximum = maximumLineBytes
  }

  /// The bytes of the next line, nil after the last.
  func next() throws -> ArraySlice<UInt8>? {
    var searched = position
    while true {
      if let end = lineFeed(from: searched) {
        defer { position = end + 1 }
        return try finish(end)
      }
      searched = buffer.count - position
      guard searched <= maximum + 1 else { throw tooLong() }
      if isAtEnd {
        defer { position = buffer.count }
        return position == buffer.count ? nil : try finish(buffer.count)
      }
      buffer.removeSubrange(..<position)
      position = 0
      let piece = 1 << 18
      let more = try stream.read(upTo: piece)
      isAtEnd = more.count < piece
      buffer += more
    }
  }

  private func finish(_ end: Int) throws -> ArraySlice<UInt8> {
    let stop = end > position && buffer[end - 1] == 0x0D ? end - 1 : end
    guard stop - position <= maximum else { throw tooLong() }
    line += 1
    return buffer[position..<stop]
  }

  private func lineFeed(from start: Int) -> Int? {
    buffer.withUnsafeBytes { bytes in
      guard start < bytes.count, let base = bytes.baseAddress else { return nil }
      let found = memchr(base + start, 0x0A, bytes.count - start)
      return found.map { UnsafeRawPointer($0) - base }
    }
  }

  private func tooLong() -> FormatError {
    FormatError(
      .tooLarge, name, "line \(line + 1) has more than \(maximum) bytes; raise the limit if it is meant to.")
  }
}
