import ApusFormats

/// Finds the ends of fields.
final class CSVScanner: Sendable {
  typealias Cursor = UnsafePointer<UInt8>

  let delimiter: UInt8
  let comment: UInt8?
  /// Whether a value that stands for a missing one could be read as a number.
  let hasNumericMissing: Bool
  private let quote: UInt8
  private let missing: [[UInt8]]
  /// Bit n is set where a value of n bytes may stand for a missing one.
  private let missingLengths: UInt64

  struct Field {
    var start: Cursor
    var count: Int
    /// The delimiter or line break behind the field.
    var end: Cursor
    /// Whether there are doubled quotes in it.
    var isEscaped = false
    var lineBreaks = 0

    mutating func trim() {
      while count > 0, start.pointee == 0x20 || start.pointee == 0x09 {
        start += 1
        count -= 1
      }
      while count > 0, start[count - 1] == 0x20 || start[count - 1] == 0x09 { count -= 1 }
    }
  }

  init(_ options: CSVOptions) {
    delimiter = UInt8(truncatingIfNeeded: options.delimiter.value)
    quote = UInt8(truncatingIfNeeded: options.quote.value)
    comment = options.comment.map { UInt8(truncatingIfNeeded: $0.value) }
    missing = options.missing.map { Array($0.utf8) }
    missingLengths = missing.reduce(0) { $0 | 1 << UInt64(Swift.min($1.count, 63)) }
    hasNumericMissing = options.missing.contains { CSVColumnBuffer.canParse($0, as: .float) && Double($0)?.isNaN == false }
  }

  @inline(__always)
  func isDelimiter(_ position: Cursor) -> Bool { position.pointee == delimiter }

  /// Whether a field can end here.
  @inline(__always)
  func isEnd(_ position: Cursor) -> Bool {
    let byte = position.pointee
    return byte == delimiter || byte == 0x0A || (byte == 0x0D && position[1] == 0x0A)
  }

  /// The line break at or after `position`: the CR of CRLF, or the LF.
  func lineEnd(_ position: Cursor) -> Cursor {
    var end = position
    while end.pointee != 0x0A { end += 1 }
    return end > position && end[-1] == 0x0D ? end - 1 : end
  }

  /// The field that begins at `cursor`; nil where its end may not be in memory yet.
  @inline(__always)
  func field(_ cursor: Cursor, _ input: CSVInput, index: Int, name: @autoclosure () -> String?) throws -> Field? {
    if cursor.pointee == quote { return try quoted(cursor, input, index, name()) }
    var end = endOfPlain(cursor)
    if end.pointee == 0x0A, end > cursor, end[-1] == 0x0D { end -= 1 }
    return Field(start: cursor, count: end - cursor, end: end)
  }

  /// The first delimiter or line feed, eight bytes at a time.
  @inline(__always)
  private func endOfPlain(_ cursor: Cursor) -> Cursor {
    var position = cursor
    while true {
      let word = UInt64(littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt64.self))
      let found = CSVScanner.matches(word, delimiter) | CSVScanner.matches(word, 0x0A)
      if found != 0 { return position + found.trailingZeroBitCount / 8 }
      position += 8
    }
  }

  /// The first quote, or a place behind the last byte; adds the line feeds on the way.
  @inline(__always)
  private func endOfQuoted(_ cursor: Cursor, _ end: Cursor, _ lineBreaks: inout Int) -> Cursor {
    var position = cursor
    while position < end {
      let word = UInt64(littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt64.self))
      let quotes = CSVScanner.matches(word, quote)
      let lineFeeds = CSVScanner.matches(word, 0x0A)
      if quotes | lineFeeds != 0 {
        let first = (quotes | lineFeeds).trailingZeroBitCount
        position += first / 8
        if quotes.trailingZeroBitCount == first { return position }
        if position < end { lineBreaks += 1 }
        position += 1
      } else {
        position += 8
      }
    }
    return position
  }

  /// The top bit of each byte of `word` that is `byte`: where a byte of `x` is zero, `(x - 1) & ~x` has its
  /// top bit set. Of several, the lowest is always right.
  @inline(__always)
  private static func matches(_ word: UInt64, _ byte: UInt8) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let x = word ^ (UInt64(byte) &* ones)
    return (x &- ones) & ~x & (ones << 7)
  }

  private func quoted(_ cursor: Cursor, _ input: CSVInput, _ index: Int, _ name: @autoclosure () -> String?) throws -> Field? {
    var field = Field(start: cursor + 1, count: 0, end: cursor)
    var position = cursor + 1
    let end = input.end
    while position < end {
      position = endOfQuoted(position, end, &field.lineBreaks)
      guard position < end, position[1] == quote, position + 1 < end else { break }
      field.isEscaped = true
      position += 2
    }
    func place() -> String { "column \(index + 1)" + (name().map { " ('\($0)')" } ?? "") }
    guard position < end else {
      if input.isAtEnd {
        throw input.error("\(place()): the quote that begins here is never closed.")
      }
      return nil
    }
    // Behind the quote, the byte that decides must be in memory.
    guard input.isComplete(position + 1) else { return nil }
    field.count = position - field.start
    field.end = position + 1
    guard isEnd(field.end) else {
      throw input.error("\(place()): text follows the closing quote; quotes within a field must be doubled.")
    }
    return field
  }

  func isMissing(_ field: Field) -> Bool {
    guard missingLengths >> UInt64(Swift.min(field.count, 63)) & 1 != 0 else { return false }
    let bytes = UnsafeBufferPointer(start: field.start, count: field.count)
    return missing.contains { $0.elementsEqual(bytes) }
  }

  /// Writes the contents, with single quotes for doubled ones, and returns their size.
  func unescape(_ field: Field, into destination: UnsafeMutablePointer<UInt8>) -> Int {
    var position = field.start
    let end = field.start + field.count
    var size = 0
    var lineBreaks = 0
    while position < end {
      // Up to and with the first quote of a pair.
      let stop = Swift.min(endOfQuoted(position, end, &lineBreaks) + 1, end)
      (destination + size).update(from: position, count: stop - position)
      size += stop - position
      position = stop + 1
    }
    return size
  }

  func string(_ field: Field) -> String {
    if field.isEscaped {
      return String(unsafeUninitializedCapacity: Swift.max(field.count, 1)) { buffer in
        buffer.baseAddress.map { unescape(field, into: $0) } ?? 0
      }
    }
    return String(decoding: UnsafeBufferPointer(start: field.start, count: field.count), as: UTF8.self)
  }

  /// The beginning of a value, for an error.
  func excerpt(_ field: Field) -> String {
    var part = field
    part.count = Swift.min(field.count, 40)
    part.isEscaped = false
    return string(part) + (part.count < field.count ? "…" : "")
  }
}
