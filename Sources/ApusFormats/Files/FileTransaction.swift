#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Several files that are replaced together: all of them are written and on the disk before the first
/// takes its place, so a full disk or an error in between leaves every old file as it was.
///
/// Only a crash between two renamings, a moment without other work, can leave some files new and
/// some old. A transaction that is dropped without ``commit()`` leaves nothing behind.
public final class FileTransaction {
  private var pending: [(temporary: String, path: String)] = []

  public init() {
    // A process that is told of the limit on a file's size by a signal would end before it can clean up.
    _ = FileTransaction.ignoresFileSizeSignal
  }

  deinit {
    for file in pending { unlink(file.temporary) }
  }

  /// Writes one file of the transaction, beside its place.
  ///
  /// Throws ``FormatError`` of kind `diskFull` or `unwritable`, or what `body` throws.
  public func write(
    to path: String, _ body: (inout AtomicFile.Writer) throws -> Void
  ) throws {
    let folder = AtomicFile.parent(of: path)
    let name = AtomicFile.lastComponent(of: path)
    guard !name.isEmpty else { throw FormatError(.unwritable, path, "this is no name of a file.") }
    var template = Array("\(folder)/.\(name).XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw SystemCalls.writeError(path, code: errno) }
    let bytes = template.dropLast().map { UInt8(bitPattern: $0) }
    pending.append((String(decoding: bytes, as: UTF8.self), path))
    var isOpen = true
    defer { if isOpen { close(descriptor) } }
    // mkstemp makes private files; a model is as readable as any file its user makes.
    _ = fchmod(descriptor, 0o666 & ~FileTransaction.currentMask)

    var writer = AtomicFile.Writer(path: path, descriptor: descriptor)
    try body(&writer)
    try writer.flush()
    guard SystemCalls.retrying({ Int(fsync(descriptor)) }) >= 0 else {
      throw SystemCalls.writeError(path, code: errno)
    }
    // Some file systems report a full disk only now.
    isOpen = false
    guard close(descriptor) == 0 else { throw SystemCalls.writeError(path, code: errno) }
  }

  /// Puts the files in their places, in the order in which they were written.
  public func commit() throws {
    var folders: [String] = []
    while let file = pending.first {
      guard rename(file.temporary, file.path) == 0 else {
        throw SystemCalls.writeError(file.path, code: errno)
      }
      pending.removeFirst()
      let folder = AtomicFile.parent(of: file.path)
      if !folders.contains(folder) { folders.append(folder) }
    }
    folders.forEach(FileTransaction.synchronize)
  }

  /// Makes the renaming last through a power cut. Not every file system can; none loses the file.
  private static func synchronize(folder: String) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private static let ignoresFileSizeSignal: Bool = {
    // A handler that the program installed itself stays.
    if let handler = signal(SIGXFSZ, SIG_IGN) { signal(SIGXFSZ, handler) }
    return true
  }()

  /// The process's file mode mask. It can only be read by setting it, so it is read once.
  private static let currentMask: mode_t = {
    let mask = umask(0o022)
    umask(mask)
    return mask
  }()
}
