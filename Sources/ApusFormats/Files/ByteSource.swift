#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes that can be read at any place: an open file, or an array in memory.
///
/// Reads go through `pread`, not through a memory map: a file that shrinks while it is read gives an
/// error and not a crash, and ranges can be read from several threads at once. A file that is
/// replaced (as ``AtomicFile`` does) keeps its old contents for a source that is open.
public struct ByteSource: Sendable {
  /// The file's path, or the name given to bytes in memory; errors start with it.
  public let name: String
  /// Bytes in all.
  public let count: Int

  private enum Storage: Sendable {
    case file(Descriptor)
    case memory([UInt8])
  }
  private let storage: Storage

  /// Closes the file when the last source that reads it is gone.
  private final class Descriptor: Sendable {
    let number: Int32
    init(_ number: Int32) { self.number = number }
    deinit { close(number) }
  }

  /// Opens a file. Throws ``FormatError`` when it is missing, a folder or not readable.
  public init(path: String) throws {
    let number = Int32(SystemCalls.retrying { Int(open(path, O_RDONLY | O_CLOEXEC)) })
    guard number >= 0 else { throw SystemCalls.readError(path, code: errno) }
    let descriptor = Descriptor(number)
    var status = stat()
    guard fstat(number, &status) == 0 else { throw SystemCalls.readError(path, code: errno) }
    let type = status.st_mode & S_IFMT
    guard type != S_IFDIR else { throw SystemCalls.readError(path, code: EISDIR) }
    guard type == S_IFREG else {
      throw FormatError(.unreadable, path, "this is not a regular file.")
    }
    name = path
    count = Int(status.st_size)
    storage = .file(descriptor)
  }

  /// Takes bytes in memory under a name for error messages.
  public init(bytes: [UInt8], name: String) {
    self.name = name
    count = bytes.count
    storage = .memory(bytes)
  }

  /// Fills `destination` from byte `offset` on. Throws when the source ends before.
  public func read(into destination: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let (end, overflow) = offset.addingReportingOverflow(destination.count)
    guard offset >= 0, !overflow, end <= count else { throw truncated(wanted: end) }
    switch storage {
    case .memory(let bytes):
      bytes.withUnsafeBytes { source in
        destination.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[offset..<end]))
      }
    case .file(let descriptor):
      var done = 0
      while done < destination.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: destination[done...])
        let step = SystemCalls.retrying {
          pread(descriptor.number, rest.baseAddress, rest.count, off_t(offset + done))
        }
        guard step >= 0 else { throw SystemCalls.readError(name, code: errno) }
        guard step > 0 else { throw truncated(wanted: end) }
        done += step
      }
    }
  }

  /// Returns the bytes of `range`.
  public func read(_ range: Range<Int>) throws -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw truncated(wanted: range.upperBound)
    }
    return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initialized in
      try read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
      initialized = range.count
    }
  }

  /// Returns all bytes, but no more than `limit`.
  public func readAll(limit: Int = .max) throws -> [UInt8] {
    guard count <= limit else {
      throw FormatError(
        .tooLarge, name, "it has \(count) bytes; a file of this kind may have at most \(limit).")
    }
    return try read(0..<count)
  }

  private func truncated(wanted end: Int) -> FormatError {
    FormatError(
      .truncated, name, "the file ends after \(count) bytes, but \(end) are needed; it is incomplete.")
  }
}
