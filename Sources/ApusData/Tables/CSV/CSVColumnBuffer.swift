/// The values of one column of the chunk that is being read, one place for each row.
///
/// A row that turns out to be incomplete is read again into the same places. The reader that owns the
/// buffers gives them fewer rows than `capacity` and frees them.
struct CSVColumnBuffer {
  let type: ColumnType
  let ints: UnsafeMutablePointer<Int64>
  let floats: UnsafeMutablePointer<Double>
  let bools: UnsafeMutablePointer<Bool>
  let ends: UnsafeMutablePointer<Int>
  let marks: UnsafeMutablePointer<Bool>
  var hasMissing = false
  var bytes: UnsafeMutablePointer<UInt8>
  var byteCapacity: Int
  private let capacity: Int

  init(_ type: ColumnType, capacity: Int) {
    self.type = type
    self.capacity = capacity
    let isText = type == .text || type == .categorical
    ints = .allocate(capacity: type == .int ? capacity : 0)
    floats = .allocate(capacity: type == .float ? capacity : 0)
    bools = .allocate(capacity: type == .bool ? capacity : 0)
    ends = .allocate(capacity: isText ? capacity : 0)
    marks = .allocate(capacity: capacity)
    marks.initialize(repeating: false, count: capacity)
    byteCapacity = isText ? 1 << 12 : 0
    bytes = .allocate(capacity: byteCapacity)
  }

  func deallocate() {
    ints.deallocate()
    floats.deallocate()
    bools.deallocate()
    ends.deallocate()
    marks.deallocate()
    bytes.deallocate()
  }

  /// Where the text of `row` begins.
  @inline(__always)
  func textStart(_ row: Int) -> Int { row == 0 ? 0 : ends[row - 1] }

  @inline(__always)
  mutating func setText(_ row: Int, _ start: UnsafePointer<UInt8>, _ count: Int) {
    reserve(row, count)
    let from = textStart(row)
    (bytes + from).update(from: start, count: count)
    ends[row] = from + count
  }

  /// Makes room for a text of `count` bytes.
  @inline(__always)
  mutating func reserve(_ row: Int, _ count: Int) {
    let from = textStart(row)
    if from + count > byteCapacity { grow(from, count) }
  }

  private mutating func grow(_ used: Int, _ count: Int) {
    byteCapacity = Swift.max(2 * byteCapacity, used + count)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: byteCapacity)
    larger.update(from: bytes, count: used)
    bytes.deallocate()
    bytes = larger
  }

  mutating func setMissing(_ row: Int) {
    marks[row] = true
    hasMissing = true
    switch type {
    case .int: ints[row] = 0
    case .float: floats[row] = .nan
    case .bool: bools[row] = false
    case .text, .categorical: ends[row] = textStart(row)
    }
  }

  /// Reads a value that is no text from `start` up to `end`, whose byte is no part of a number.
  func set(_ row: Int, from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>) -> Bool {
    var cursor = start
    switch type {
    case .int:
      guard let value = NumberParser.int(&cursor), cursor == end else { return false }
      ints[row] = value
    case .float:
      guard let value = NumberParser.float(&cursor) ?? NumberParser.word(&cursor), cursor == end else {
        return false
      }
      floats[row] = value
    case .bool:
      guard let value = CSVColumnBuffer.truth(UnsafeBufferPointer(start: start, count: end - start)) else {
        return false
      }
      bools[row] = value
    case .text, .categorical: return false
    }
    return true
  }

  static func canParse(_ text: String, as type: ColumnType) -> Bool {
    var copy = text.drop { $0 == " " }
    while copy.last == " " { copy.removeLast() }
    let count = copy.utf8.count
    if type == .bool {
      let isTruth = Array(copy.utf8).withUnsafeBufferPointer(truth) != nil
      return isTruth && copy != "0" && copy != "1"
    }
    let column = CSVColumnBuffer(type, capacity: 1)
    defer { column.deallocate() }
    return (Array(copy.utf8) + [0]).withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { column.set(0, from: $0, to: $0 + count) } ?? false
    }
  }

  private static func truth(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool? {
    switch bytes.count {
    case 1 where bytes[0] == UInt8(ascii: "1"): return true
    case 1 where bytes[0] == UInt8(ascii: "0"): return false
    case 4 where isWord(bytes, "true"): return true
    case 5 where isWord(bytes, "false"): return false
    default: return nil
    }
  }

  /// Whether a word is `true`, `True` or `TRUE`.
  private static func isWord(_ bytes: UnsafeBufferPointer<UInt8>, _ word: StaticString) -> Bool {
    let capitals = bytes.reduce(0) { $0 + ($1 & 0x20 == 0 ? 1 : 0) }
    guard capitals == 0 || capitals == bytes.count || (capitals == 1 && bytes[0] & 0x20 == 0) else { return false }
    return bytes.indices.allSatisfy { bytes[$0] | 0x20 == word.utf8Start[$0] }
  }

  /// The first `count` rows as a column; the places are free again afterwards.
  mutating func take(_ name: String, _ count: Int, _ categories: CategoryTable?) throws -> Column {
    let isMissing = hasMissing ? Array(UnsafeBufferPointer(start: marks, count: count)) : []
    if hasMissing {
      marks.update(repeating: false, count: capacity)
      hasMissing = false
    }
    let values: Column.Values
    switch type {
    case .int: values = .int(Array(UnsafeBufferPointer(start: ints, count: count)))
    case .float: values = .float(Array(UnsafeBufferPointer(start: floats, count: count)))
    case .bool: values = .bool(Array(UnsafeBufferPointer(start: bools, count: count)))
    case .text:
      values = .text(
        TextArray(
          bytes: Array(UnsafeBufferPointer(start: bytes, count: textStart(count))),
          ends: Array(UnsafeBufferPointer(start: ends, count: count))))
    case .categorical:
      var codes = [Int32](repeating: -1, count: count)
      if let categories {
        for row in 0..<count where isMissing.isEmpty || !isMissing[row] {
          let start = textStart(row)
          let text = UnsafeBufferPointer(start: UnsafePointer(bytes) + start, count: ends[row] - start)
          codes[row] = try categories.code(text)
        }
      }
      values = .categorical(codes: codes, names: categories?.names ?? [])
    }
    return Column(name, values, isMissing: isMissing)
  }
}
