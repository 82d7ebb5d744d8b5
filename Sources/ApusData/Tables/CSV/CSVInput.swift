import ApusFormats

/// The bytes of a file of which rows are made, of which a part is in memory.
///
/// Behind the last byte in memory stands a line feed, so that no search runs past it, and some more bytes
/// that may be read.
final class CSVInput {
  let name: String
  private let stream: ByteStream
  private let maximum: Int
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var cursor: UnsafePointer<UInt8>
  private(set) var end: UnsafePointer<UInt8>
  /// Whether nothing follows what is in memory.
  private(set) var isAtEnd = false
  private var line = 1
  /// Line breaks within the fields of the current row.
  var embeddedLines = 0
  /// Bytes of the rows that were finished; the reader sets it back.
  var consumedBytes = 0

  /// What may be read behind the line feed.
  private static let padding = 64

  init(_ stream: ByteStream, maximum: Int) {
    self.stream = stream
    self.maximum = maximum
    name = stream.name
    capacity = 1 << 20
    base = .allocate(capacity: capacity + CSVInput.padding)
    base.initialize(repeating: 0x0A, count: capacity + CSVInput.padding)
    cursor = UnsafePointer(base)
    end = cursor
  }

  deinit { base.deallocate() }

  /// Whether a field that ends at `position` cannot go on in bytes that are not yet in memory.
  func isComplete(_ position: UnsafePointer<UInt8>) -> Bool {
    if isAtEnd { return true }
    if position >= end { return false }
    return position.pointee != 0x0D || position + 1 < end
  }

  /// Ends the row at the line break at `position`; false where the break may be the one behind the last byte.
  func finishRow(at position: UnsafePointer<UInt8>) throws -> Bool {
    let lineFeed = position.pointee == 0x0D ? position + 1 : position
    guard lineFeed < end || isAtEnd else { return false }
    let next = Swift.min(lineFeed + 1, end)
    guard next - cursor <= maximum + 2 else { throw tooLong() }
    consumedBytes += next - cursor
    cursor = next
    line += 1 + embeddedLines
    embeddedLines = 0
    return true
  }

  /// Reads on. With `needsMore` the current row did not end within what is in memory.
  func readMore(needsMore: Bool) throws {
    let left = end - cursor
    if needsMore, left > maximum { throw tooLong() }
    if left > capacity / 2 {
      capacity *= 2
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity + CSVInput.padding)
      larger.initialize(repeating: 0x0A, count: capacity + CSVInput.padding)
      larger.update(from: cursor, count: left)
      base.deallocate()
      base = larger
    } else {
      base.update(from: cursor, count: left)
    }
    let room = UnsafeMutableRawBufferPointer(start: base + left, count: capacity - left)
    let count = try stream.read(into: room)
    isAtEnd = count < room.count
    cursor = UnsafePointer(base)
    end = cursor + left + count
    (base + left + count).update(repeating: 0x0A, count: CSVInput.padding)
    if line == 1, consumedBytes == 0, left == 0 { skipByteOrderMark() }
  }

  private func skipByteOrderMark() {
    guard end - cursor >= 3, cursor[0] == 0xEF, cursor[1] == 0xBB, cursor[2] == 0xBF else { return }
    cursor += 3
  }

  private func tooLong() -> FormatError {
    FormatError(
      .tooLarge, name,
      "line \(line): the row that begins here has more than \(maximum) bytes; is a quote never closed? "
        + "Otherwise raise maximumRowBytes.")
  }

  /// What is wrong with the current row.
  func error(_ reason: String) -> FormatError {
    FormatError(.malformed, name, "line \(line + embeddedLines), \(reason)")
  }
}
