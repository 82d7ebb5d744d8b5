/// The bytes of a file from first to last, decompressed where the file is gzip.
///
/// Memory is bounded, whatever the file's size. A reader keeps its place, so one stream has one reader.
public final class ByteStream {
  /// The file's path, or the name given to bytes in memory; errors start with it.
  public let name: String

  private let source: ByteSource
  private let gzip: GzipReader?
  private var position = 0

  public init(_ source: ByteSource) throws {
    self.source = source
    name = source.name
    let isGzip = try Gzip.isGzip(source.read(0..<Swift.min(2, source.count)))
    gzip = isGzip ? GzipReader(source) : nil
  }

  /// Opens a file. Throws ``FormatError`` when it is missing, a folder or not readable.
  public convenience init(path: String) throws {
    try self.init(ByteSource(path: path))
  }

  /// Puts the next bytes into `destination` and returns how many: fewer than there is room for only at
  /// the end. Throws ``FormatError`` for a file that cannot be read or whose compressed data is damaged.
  public func read(into destination: UnsafeMutableRawBufferPointer) throws -> Int {
    if let gzip { return try gzip.read(into: destination.bindMemory(to: UInt8.self)) }
    let count = Swift.min(destination.count, source.count - position)
    try source.read(into: UnsafeMutableRawBufferPointer(rebasing: destination[..<count]), at: position)
    position += count
    return count
  }

  /// The next bytes: `count` of them, or fewer at the end.
  public func read(upTo count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = try read(into: UnsafeMutableRawBufferPointer(buffer))
    }
  }
}
