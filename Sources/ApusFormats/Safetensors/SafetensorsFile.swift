import ApusIR

/// A safetensors file, open for reading: the header is read and checked at once, the elements of a
/// tensor when they are asked for.
///
/// The format: <https://github.com/huggingface/safetensors#format>. Everything the reference
/// implementation refuses is refused: a header that is too long or no JSON, equal keys, unknown
/// types, sizes that do not fit the shape, overlaps, holes, bytes after the last tensor.
public struct SafetensorsFile: Sendable {
  /// The tensors in the order in which they lie in the file.
  public let entries: [SafetensorsEntry]
  /// The free text that the writer added.
  public let metadata: [String: String]
  /// The path, or the name given with bytes in memory.
  public var name: String { source.name }
  /// The tensors' names in the order in which they lie in the file.
  public var names: [String] { entries.map(\.name) }

  private let source: ByteSource
  private let places: [String: Int]

  /// The reference implementation's limit on the header, in bytes.
  public static let maximumHeaderByteCount = 100_000_000

  /// Opens a file. Throws ``FormatError``.
  public init(path: String) throws { try self.init(ByteSource(path: path)) }

  /// Reads a file that is in memory; `name` stands for the path in errors.
  public init(bytes: [UInt8], name: String) throws {
    try self.init(ByteSource(bytes: bytes, name: name))
  }

  public init(_ source: ByteSource) throws {
    self.source = source
    let header = try SafetensorsHeader(source)
    entries = header.entries
    metadata = header.metadata
    places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
  }

  public func contains(_ name: String) -> Bool { places[name] != nil }

  /// The entry of a tensor. Throws when the file has none of this name, and lists those it has.
  public func entry(_ name: String) throws -> SafetensorsEntry {
    if let place = places[name] { return entries[place] }
    let some = entries.prefix(8).map(\.name).joined(separator: ", ")
    let more = entries.count > 8 ? " and \(entries.count - 8) more" : ""
    throw FormatError(
      .missing, self.name, "it has no tensor '\(name)'; it has \(some.isEmpty ? "none" : some)\(more).")
  }

  /// The dtype of a tensor. Throws for a type that Apus has no tensors of.
  public func dtype(of name: String) throws -> DType {
    let entry = try entry(name)
    if let dtype = entry.dtype { return dtype }
    let known = DType.allCases.map(\.safetensorsName).joined(separator: ", ")
    throw FormatError(
      .unsupported, self.name,
      "tensor '\(name)' has elements of type \(entry.elementType), which Apus cannot hold; "
        + "convert it to one of \(known).")
  }

  /// A tensor's elements. Throws for a type that Apus has no tensors of.
  public func read(_ name: String) throws -> RawArray {
    let dtype = try dtype(of: name)
    let entry = try entry(name)
    let bytes = try source.read(entry.offset..<entry.offset + entry.byteCount)
    return RawArray(dtype, entry.shape, bytes)
  }

  /// Reads a tensor's elements, whatever their type, into memory of exactly their size (``SafetensorsEntry/byteCount``).
  public func read(_ name: String, into destination: UnsafeMutableRawBufferPointer) throws {
    let entry = try entry(name)
    precondition(destination.count == entry.byteCount, "the memory must fit the tensor")
    try source.read(into: destination, at: entry.offset)
  }
}
