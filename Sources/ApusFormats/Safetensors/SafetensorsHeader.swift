/// The header of a safetensors file, checked: a length, then JSON that says where each tensor lies.
struct SafetensorsHeader {
  var entries: [SafetensorsEntry] = []
  var metadata: [String: String] = [:]

  private let file: String

  init(_ source: ByteSource) throws {
    file = source.name
    guard source.count >= 8 else {
      throw FormatError(
        .truncated, file, "it has \(source.count) bytes; a safetensors file has at least 8.")
    }
    let length = try source.read(0..<8).littleEndian(as: UInt64.self)
    guard length <= SafetensorsFile.maximumHeaderByteCount else {
      throw FormatError(
        .malformed, file,
        "its header would be \(length) bytes long, above the format's limit of "
          + "\(SafetensorsFile.maximumHeaderByteCount); it is probably not a safetensors file.")
    }
    let dataStart = 8 + Int(length)
    guard dataStart <= source.count else {
      throw FormatError(
        .truncated, file,
        "its header should end at byte \(dataStart), but the file has only \(source.count) bytes.")
    }
    let text = try source.read(8..<dataStart)
    guard text.first == UInt8(ascii: "{") else { throw malformed("its header does not start with '{'.") }
    let json: StrictJSON
    do {
      json = try StrictJSON.parse(text)
    } catch {
      throw malformed("its header is not valid JSON: \(error.reason) at byte \(8 + error.offset).")
    }
    guard case .object(let members) = json else { throw malformed("its header is not a JSON object.") }
    for (name, value) in members {
      if name == "__metadata__" {
        metadata = try readMetadata(value)
      } else {
        entries.append(try readEntry(name, value, dataStart: dataStart))
      }
    }
    entries.sort { ($0.offset, $0.byteCount, $0.name) < ($1.offset, $1.byteCount, $1.name) }
    try checkPlaces(dataStart: dataStart, end: source.count)
  }

  private func malformed(_ reason: String) -> FormatError { FormatError(.malformed, file, reason) }

  private func readMetadata(_ value: StrictJSON) throws -> [String: String] {
    guard case .object(let members) = value else { throw malformed("__metadata__ is not an object.") }
    var result: [String: String] = [:]
    for (key, value) in members {
      guard case .string(let text) = value else {
        throw malformed("__metadata__ has a value for '\(key)' that is not a string.")
      }
      result[key] = text
    }
    return result
  }

  private func readEntry(
    _ name: String, _ value: StrictJSON, dataStart: Int
  ) throws -> SafetensorsEntry {
    guard case .object(let members) = value else {
      throw malformed("the entry of tensor '\(name)' is not an object.")
    }
    let fields = Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
    guard case .string(let type)? = fields["dtype"] else {
      throw malformed("tensor '\(name)' has no dtype.")
    }
    guard let bits = SafetensorsElementType.bitCount[type] else {
      throw malformed("tensor '\(name)' has the unknown dtype '\(type.prefix(40))'.")
    }
    let shape = try readIntegers(fields["shape"], "shape", of: name)
    let place = try readIntegers(fields["data_offsets"], "data_offsets", of: name)
    guard place.count == 2, place[0] <= place[1] else {
      throw malformed("tensor '\(name)' has data_offsets \(place); two ascending numbers are expected.")
    }
    let bitCount = checkedElementCount(shape)?.multipliedReportingOverflow(by: bits)
    guard let bitCount, !bitCount.overflow else {
      throw malformed("tensor '\(name)' has the shape \(shape), whose size is beyond any memory.")
    }
    let byteCount = place[1] - place[0]
    guard bitCount.partialValue % 8 == 0, bitCount.partialValue / 8 == byteCount else {
      throw malformed(
        "tensor '\(name)' (\(type)\(shape)) needs \(bitCount.partialValue / 8) bytes, "
          + "but its data_offsets \(place) give it \(byteCount).")
    }
    let (offset, overflow) = place[0].addingReportingOverflow(dataStart)
    guard !overflow else { throw malformed("tensor '\(name)' lies outside the file.") }
    return SafetensorsEntry(
      name: name, elementType: type, shape: shape, offset: offset, byteCount: byteCount)
  }

  private func readIntegers(
    _ value: StrictJSON?, _ key: String, of name: String
  ) throws -> [Int] {
    let problem = "tensor '\(name)' has no \(key) made of whole numbers from 0 on."
    guard case .array(let elements)? = value else { throw malformed(problem) }
    return try elements.map {
      guard case .integer(let number) = $0, number >= 0 else { throw malformed(problem) }
      return number
    }
  }

  /// Every byte after the header belongs to exactly one tensor.
  private func checkPlaces(dataStart: Int, end: Int) throws {
    var position = dataStart
    for entry in entries {
      guard entry.offset == position else {
        let what = entry.offset < position ? "overlaps the tensor before it" : "leaves a hole before it"
        throw malformed(
          "tensor '\(entry.name)' \(what): it starts at byte \(entry.offset), not \(position).")
      }
      // The sizes are checked against the shape, so one that lies about both ends here.
      guard entry.byteCount <= end - position else {
        throw FormatError(
          .truncated, file,
          "tensor '\(entry.name)' should end at byte \(position) + \(entry.byteCount), "
            + "but the file has only \(end) bytes; it is incomplete.")
      }
      position += entry.byteCount
    }
    guard position == end else {
      throw malformed("\(end - position) bytes follow the last tensor; they belong to none.")
    }
  }
}
