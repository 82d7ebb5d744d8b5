import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that this user, or the system's administrator, wrote: code from anyone else is not run.
struct OwnFile: ~Copyable {
  /// How names of files begin that are still being written.
  static let unfinished = ".unfinished-"
  private static let counter = Atomic<Int>(0)

  private let descriptor: Int32
  private let status: stat

  /// Opens a file for reading; nil where that is not possible.
  init?(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    let isKnown = fstat(descriptor, &status) == 0
    let isOwn = status.st_uid == geteuid() || status.st_uid == 0
    guard isKnown, isOwn, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
    self.status = status
  }

  deinit { close(descriptor) }

  func bytes() -> [UInt8]? {
    let size = Int(status.st_size)
    guard size < 1 << 30 else { return nil }
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let step = read(descriptor, buffer.baseAddress! + count, size - count)
        guard step > 0 else { break }
        count += step
      }
    }
    return bytes.count == size ? bytes : nil
  }

  /// Moves the file's time to now, unless it is of the last hour: reading should not cost writing.
  func noteUse() {
    if time(nil) - status.lastChange > 3_600 { futimens(descriptor, nil) }
  }

  /// Writes a file that appears whole or not at all, and makes the folder if need be.
  ///
  /// - Returns: false where it could not be written.
  static func write(_ bytes: [UInt8], to path: String, in folder: String) -> Bool {
    let number = counter.add(1, ordering: .relaxed).newValue
    let temporary = "\(folder)/\(unfinished)\(getpid())-\(number)"
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    var descriptor = open(temporary, flags, 0o600)
    if descriptor < 0, errno == ENOENT {
      makeFolder(folder)
      descriptor = open(temporary, flags, 0o600)
    }
    guard descriptor >= 0 else { return false }
    let isWritten = bytes.withUnsafeBytes { raw in
      var done = 0
      while done < raw.count {
        let step = Self.put(descriptor, raw.baseAddress! + done, raw.count - done)
        guard step > 0 else { return false }
        done += step
      }
      return true
    }
    // No flush to the disk: what a crash leaves behind is found out by its checksum.
    guard close(descriptor) == 0, isWritten, rename(temporary, path) == 0 else {
      unlink(temporary)
      return false
    }
    return true
  }

  private static func put(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes, count)
    #else
      Darwin.write(descriptor, bytes, count)
    #endif
  }

  private static func makeFolder(_ path: String) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/\(part)"
      mkdir(made, 0o700)
    }
  }

  /// The files of a folder whose names are chosen.
  static func list(_ folder: String, where isChosen: (String) -> Bool) -> [CodeStore.Entry] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var found: [CodeStore.Entry] = []
    while let item = readdir(stream) {
      let name = withUnsafePointer(to: &item.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      }
      guard isChosen(name) else { continue }
      var status = stat()
      guard fstatat(dirfd(stream), name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      found.append(
        CodeStore.Entry(name: name, byteCount: Int(status.st_size), lastUse: status.lastChange))
    }
    return found
  }
}

extension stat {
  /// Seconds since 1970.
  fileprivate var lastChange: Int {
    #if canImport(Darwin)
      st_mtimespec.tv_sec
    #else
      st_mtim.tv_sec
    #endif
  }
}
