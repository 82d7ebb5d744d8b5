#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files that appear whole or not at all.
///
/// The bytes go to a temporary file in the same folder, which is flushed to the disk and then renamed
/// over the old file; the folder is flushed last. Whatever fails before the renaming (a full disk, a
/// crash, an error thrown by the caller) leaves the old file as it was.
public enum AtomicFile {
  /// Takes the bytes of one file, in order.
  public struct Writer: ~Copyable {
    let path: String
    let descriptor: Int32
    var buffer: [UInt8] = []
    /// Bytes written so far.
    public private(set) var count = 0

    private static let capacity = 1 << 16

    init(path: String, descriptor: Int32) {
      self.path = path
      self.descriptor = descriptor
    }

    /// Appends bytes. Throws ``FormatError`` of kind `diskFull` or `unwritable`.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
      count += bytes.count
      if buffer.count + bytes.count <= Writer.capacity {
        buffer.append(contentsOf: bytes)
        return
      }
      try flush()
      if bytes.count <= Writer.capacity {
        buffer.append(contentsOf: bytes)
      } else {
        try put(bytes)
      }
    }

    /// Appends bytes.
    public mutating func write(_ bytes: [UInt8]) throws {
      try bytes.withUnsafeBytes { try write($0) }
    }

    /// Appends text as UTF-8.
    public mutating func write(_ text: String) throws {
      try write(Array(text.utf8))
    }

    mutating func flush() throws {
      try buffer.withUnsafeBytes { try put($0) }
      buffer.removeAll(keepingCapacity: true)
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws {
      var done = 0
      while done < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        let step = SystemCalls.retrying {
          #if canImport(Glibc)
            Glibc.write(descriptor, rest.baseAddress, rest.count)
          #elseif canImport(Musl)
            Musl.write(descriptor, rest.baseAddress, rest.count)
          #else
            Darwin.write(descriptor, rest.baseAddress, rest.count)
          #endif
        }
        guard step >= 0 else { throw SystemCalls.writeError(path, code: errno) }
        done += step
      }
    }
  }

  /// Writes a file through `body` and puts it at `path` when `body` returns.
  ///
  /// Throws ``FormatError`` of kind `diskFull` or `unwritable`, or what `body` throws; then the file
  /// that was at `path` before is still there, unchanged. To replace several files that belong
  /// together, use ``FileTransaction``.
  public static func write(
    to path: String, _ body: (inout Writer) throws -> Void
  ) throws {
    let transaction = FileTransaction()
    try transaction.write(to: path, body)
    try transaction.commit()
  }

  /// Puts a file with these bytes at `path`.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    try write(to: path) { try $0.write(bytes) }
  }

  /// Puts a file with this text, in UTF-8, at `path`.
  public static func write(_ text: String, to path: String) throws {
    try write(to: path) { try $0.write(text) }
  }

  /// Makes a folder and those above it; does nothing when it is there.
  public static func createFolder(_ path: String) throws {
    if mkdir(path, 0o777) == 0 { return }
    var code = errno
    if code == ENOENT, parent(of: path) != path {
      try createFolder(parent(of: path))
      if mkdir(path, 0o777) == 0 { return }
      code = errno
    }
    var status = stat()
    if code == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
    if code == EEXIST || code == ENOTDIR {
      throw FormatError(.unwritable, path, "a file of this name stands where a folder is needed.")
    }
    throw SystemCalls.writeError(path, code: code)
  }

  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func lastComponent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return path }
    return String(path[path.index(after: slash)...])
  }
}
