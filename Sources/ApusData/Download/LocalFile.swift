import ApusFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that grows while it is fetched.
final class LocalFile {
  let path: String
  private let descriptor: Int32
  /// Bytes there are.
  private(set) var count: Int

  /// Opens a file to be continued, or makes an empty one.
  init(appendingTo path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw SystemCalls.writeError(path, code: errno) }
    self.path = path
    self.descriptor = descriptor
    count = Int(lseek(descriptor, 0, SEEK_END))
  }

  deinit { close(descriptor) }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let step = SystemCalls.retrying {
        pwrite(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, off_t(count))
      }
      guard step > 0 else { throw SystemCalls.writeError(path, code: errno) }
      count += step
      rest = rest.dropFirst(step)
    }
  }

  /// Makes the file empty.
  func clear() throws {
    guard ftruncate(descriptor, 0) == 0 else { throw SystemCalls.writeError(path, code: errno) }
    count = 0
  }

  func removeIfEmpty() { if count == 0 { unlink(path) } }

  /// Puts the file, once it is on the disk, in the place of `path`.
  func move(to path: String) throws {
    guard fsync(descriptor) == 0, rename(self.path, path) == 0 else {
      throw SystemCalls.writeError(path, code: errno)
    }
  }

  /// The size of a file, nil where there is none.
  static func byteCount(_ path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }
}

/// A folder that only one process changes at a time; it is free again when the lock is gone.
final class FolderLock {
  private let descriptor: Int32

  /// Waits until other processes have done; calls `whileWaiting` ten times a second meanwhile, which may throw
  /// to give up.
  init(_ folder: String, whileWaiting: () throws -> Void) throws {
    let path = FolderLock.path(folder)
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw SystemCalls.writeError(path, code: errno) }
    do {
      while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        guard errno == EWOULDBLOCK || errno == EINTR else { throw SystemCalls.writeError(path, code: errno) }
        try whileWaiting()
        usleep(100_000)
      }
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  /// The file that is locked; it stays, and tells that what the folder has was fetched.
  static func path(_ folder: String) -> String { folder + "/.lock" }
}
