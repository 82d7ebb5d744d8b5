import ApusFormats

/// Numbers the texts of a column in the order in which they come, without a string for those it knows.
final class CategoryTable {
  private(set) var names: [String] = []
  private var texts = TextArray()
  /// Open addressing with linear probing; -1 is a free place. The count is a power of two.
  private var places = [Int32](repeating: -1, count: 64)
  // Nobody can write a file whose texts all fall on one place.
  private let seed = UInt64.random(in: .min ... .max)
  private let column: String
  private let file: String

  /// More are no categories, and would fill the memory.
  static let maximumCount = 1 << 20

  init(column: String, file: String) {
    self.column = column
    self.file = file
  }

  /// The number of a text; a new one where it was not seen before.
  func code(_ text: UnsafeBufferPointer<UInt8>) throws -> Int32 {
    var place = Int(truncatingIfNeeded: hash(text)) & (places.count - 1)
    while places[place] >= 0 {
      let code = places[place]
      if texts.utf8(Int(code)).elementsEqual(text) { return code }
      place = (place + 1) & (places.count - 1)
    }
    guard names.count < CategoryTable.maximumCount else {
      throw FormatError(
        .tooLarge, file,
        "the column '\(column)' has more than \(CategoryTable.maximumCount) different values; "
          + "declare it as text.")
    }
    let code = Int32(names.count)
    let name = String(decoding: text, as: UTF8.self)
    names.append(name)
    texts.append(text)
    places[place] = code
    if names.count * 2 > places.count { grow() }
    return code
  }

  private func grow() {
    places = [Int32](repeating: -1, count: places.count * 4)
    for code in names.indices {
      let hash = texts.utf8(code).withUnsafeBufferPointer(hash)
      var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
      while places[place] >= 0 { place = (place + 1) & (places.count - 1) }
      places[place] = Int32(code)
    }
  }

  private func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var state = seed
    var index = 0
    let raw = UnsafeRawBufferPointer(text)
    while index + 8 <= raw.count {
      state = CategoryTable.mix(state ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      index += 8
    }
    var last = UInt64(raw.count)
    while index < raw.count {
      last = last << 8 | UInt64(raw[index])
      index += 1
    }
    return CategoryTable.mix(state ^ last)
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
  }
}
