import ApusIR

/// A safetensors file to be written: where each tensor will lie is known before any byte is written,
/// so another file (`model.onnx`) can refer to the places.
///
/// The same tensors give the same bytes, and the same as the Python package gives.
public struct SafetensorsWriter: Sendable {
  /// One tensor to be written.
  public struct Item: Hashable, Sendable {
    public var name: String
    public var dtype: DType
    public var shape: [Int]

    public init(_ name: String, _ dtype: DType, _ shape: [Int]) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
    }
  }

  /// The tensors in the order of the file: the widest dtype first, then by name.
  public let entries: [SafetensorsEntry]
  /// The first bytes of the file: the length of the JSON and the JSON, padded to 8 bytes.
  public let header: [UInt8]
  /// Size of the whole file.
  public let byteCount: Int

  /// Lays the file out. Two items of one name, or one named `__metadata__`, throw.
  public init(_ items: [Item], metadata: [String: String] = [:]) throws {
    let ranks = Dictionary(
      uniqueKeysWithValues: SafetensorsElementType.placement.enumerated().map { ($1, $0) })
    let sorted = items.sorted { a, b in
      let (x, y) = (ranks[a.dtype]!, ranks[b.dtype]!)
      return x != y ? x < y : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
    }

    var json = "{"
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      let texts = pairs.map { "\(SafetensorsWriter.quoted($0.key)):\(SafetensorsWriter.quoted($0.value))" }
      json += "\"__metadata__\":{\(texts.joined(separator: ","))}"
    }
    var names: Set<String> = []
    var position = 0
    var places: [Range<Int>] = []
    for item in sorted {
      guard item.name != "__metadata__", names.insert(item.name).inserted else {
        throw FormatError(
          .malformed, "safetensors", "two tensors cannot be named '\(item.name)', nor one '__metadata__'.")
      }
      guard let count = checkedElementCount(item.shape), count <= .max >> 8 else {
        throw FormatError(
          .tooLarge, "safetensors", "tensor '\(item.name)' has the impossible shape \(item.shape).")
      }
      let end = position + count * item.dtype.byteCount
      places.append(position..<end)
      if json.utf8.count > 1 { json += "," }
      let shape = item.shape.map(String.init).joined(separator: ",")
      json += SafetensorsWriter.quoted(item.name)
      json += ":{\"dtype\":\"\(item.dtype.safetensorsName)\",\"shape\":[\(shape)]"
      json += ",\"data_offsets\":[\(position),\(end)]}"
      position = end
    }
    json += "}"

    var text = Array(json.utf8)
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    guard text.count <= SafetensorsFile.maximumHeaderByteCount else {
      throw FormatError(
        .tooLarge, "safetensors", "the names and shapes of \(items.count) tensors need a header of "
          + "\(text.count) bytes, above the format's limit of \(SafetensorsFile.maximumHeaderByteCount).")
    }
    header = UInt64(text.count).littleEndianBytes + text
    let dataStart = header.count
    byteCount = dataStart + position
    entries = zip(sorted, places).map { item, place in
      SafetensorsEntry(
        name: item.name, elementType: item.dtype.safetensorsName, shape: item.shape,
        offset: dataStart + place.lowerBound, byteCount: place.count)
    }
  }

  /// Writes the file, whole or not at all.
  public func write(
    to path: String,
    contents: (SafetensorsEntry, (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    try AtomicFile.write(to: path) { try write(to: &$0, contents: contents) }
  }

  /// Writes the bytes of the file. `contents` is asked for each tensor in the order of the file and
  /// hands its elements (row-major, little-endian, ``SafetensorsEntry/byteCount`` bytes) to the
  /// function it is given, in one piece or several.
  public func write(
    to file: inout AtomicFile.Writer,
    contents: (SafetensorsEntry, (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    try file.write(header)
    for entry in entries {
      let start = file.count
      try contents(entry) { try file.write($0) }
      precondition(
        file.count - start == entry.byteCount,
        "tensor '\(entry.name)' needs \(entry.byteCount) bytes, not \(file.count - start)")
    }
  }

  /// Writes arrays that are in memory, under their names.
  public static func write(
    _ arrays: [String: RawArray], metadata: [String: String] = [:], to path: String
  ) throws {
    let items = arrays.map { Item($0.key, $0.value.dtype, $0.value.shape) }
    let writer = try SafetensorsWriter(items, metadata: metadata)
    try writer.write(to: path) { entry, put in
      try arrays[entry.name]!.bytes.withUnsafeBytes(put)
    }
  }

  /// A JSON string, escaped as serde_json does.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{8}": result += "\\b"
      case "\u{C}": result += "\\f"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case ..<"\u{20}":
        let hex = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
