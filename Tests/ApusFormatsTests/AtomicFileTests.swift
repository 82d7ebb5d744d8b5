import ApusFormats
import Foundation
import Testing

/// Serialised, because one of them limits the size of files of the whole process for a moment.
@Suite("atomic files", .serialized) struct AtomicFileTests {
  @Test("writes small and large pieces in order and replaces what was there")
  func writes() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/file"
      try AtomicFile.write("old", to: path)
      let pieces = [10, 70_000, 1, 65_536, 0, 200_000].map { [UInt8](repeating: UInt8($0 % 251), count: $0) }
      try AtomicFile.write(to: path) { file in
        for piece in pieces { try file.write(piece) }
        #expect(file.count == pieces.joined().count)
      }
      #expect(try ByteSource(path: path).readAll() == Array(pieces.joined()))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
    }
  }

  @Test("a file that is open keeps its contents when it is replaced")
  func openFile() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/file"
      try AtomicFile.write("old", to: path)
      let source = try ByteSource(path: path)
      try AtomicFile.write("newer", to: path)
      #expect(try source.readAll() == Array("old".utf8))
    }
  }

  @Test("a file that shrinks while it is open gives an error and not a crash")
  func shrinkingFile() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/file"
      try AtomicFile.write("12345678", to: path)
      let source = try ByteSource(path: path)
      truncate(path, 4)
      expectError(.truncated, "incomplete", file: path) { try source.readAll() }
    }
  }

  @Test("an error of the caller leaves the old file and nothing else")
  func callerThrows() throws {
    struct Stop: Error {}
    try withTemporaryFolder { folder in
      let path = "\(folder)/file"
      try AtomicFile.write("old", to: path)
      #expect(throws: Stop.self) {
        try AtomicFile.write(to: path) { file in
          try file.write("half of the ne")
          throw Stop()
        }
      }
      #expect(try ByteSource(path: path).readAll() == Array("old".utf8))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
    }
  }

  @Test("a full disk is said so; the old files are intact, of one file and of several")
  func diskFull() throws {
    try withTemporaryFolder { folder in
      let paths = ["a", "b"].map { "\(folder)/\($0)" }
      for path in paths { try AtomicFile.write("old", to: path) }
      var old = rlimit()
      // The limit is far above what another test writes meanwhile.
      let limit = 1 << 22
      getrlimit(.fileSize, &old)
      var small = rlimit(rlim_cur: rlim_t(limit), rlim_max: old.rlim_max)
      setrlimit(.fileSize, &small)
      defer { setrlimit(.fileSize, &old) }

      let large = [UInt8](repeating: 1, count: limit + 1)
      expectError(.diskFull, "what was there before is unchanged", file: paths[0]) {
        try AtomicFile.write(large, to: paths[0])
      }
      expectError(.diskFull, "unchanged", file: paths[1]) {
        let transaction = FileTransaction()
        try transaction.write(to: paths[0]) { try $0.write("new") }
        try transaction.write(to: paths[1]) { try $0.write(large) }
        try transaction.commit()
      }
      for path in paths { #expect(try ByteSource(path: path).readAll() == Array("old".utf8)) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a", "b"])
    }
  }

  @Test("several files change together, and a dropped transaction changes none")
  func transaction() throws {
    try withTemporaryFolder { folder in
      do {
        let dropped = FileTransaction()
        try dropped.write(to: "\(folder)/a") { try $0.write("1") }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
      let transaction = FileTransaction()
      try transaction.write(to: "\(folder)/a") { try $0.write("1") }
      try transaction.write(to: "\(folder)/b") { try $0.write("2") }
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/a"))
      try transaction.commit()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a", "b"])
    }
  }

  @Test("folders that are missing, files, or not ours are named with what to do")
  func unwritable() throws {
    try withTemporaryFolder { folder in
      expectError(.unwritable, "create it first", file: "\(folder)/no/file") {
        try AtomicFile.write("x", to: "\(folder)/no/file")
      }
      try AtomicFile.write("x", to: "\(folder)/plain")
      expectError(.unwritable, "", file: "plain/file") {
        try AtomicFile.write("x", to: "\(folder)/plain/file")
      }
      expectError(.unwritable, "a file of this name", file: "plain") {
        try AtomicFile.createFolder("\(folder)/plain")
      }
      expectError(.unwritable, "no name of a file", file: folder) {
        try AtomicFile.write("x", to: "\(folder)/")
      }
      try AtomicFile.createFolder("\(folder)/one/two/three")
      try AtomicFile.createFolder("\(folder)/one/two/three")
      try AtomicFile.write("x", to: "\(folder)/one/two/three/file")
    }
  }

  @Test("a folder without the right to write is said so", .enabled(if: geteuid() != 0, "root may write everywhere"))
  func noPermission() throws {
    try withTemporaryFolder { folder in
      chmod(folder, 0o500)
      defer { chmod(folder, 0o700) }
      expectError(.unwritable, "no permission", file: folder) {
        try AtomicFile.write("x", to: "\(folder)/file")
      }
    }
  }

  @Test("a folder that nobody may write to is said so", .enabled(if: FileManager.default.fileExists(atPath: "/proc/self"), "no /proc"))
  func readOnlyFileSystem() {
    expectError(.unwritable, "", file: "/proc/self/file") { try AtomicFile.write("x", to: "/proc/self/file") }
  }
}

/// glibc types the resource differently from other systems.
private enum Resource { case fileSize }

#if canImport(Glibc)
  private func getrlimit(_ resource: Resource, _ limit: inout rlimit) {
    _ = Glibc.getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
  }
  private func setrlimit(_ resource: Resource, _ limit: inout rlimit) {
    _ = Glibc.setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
  }
#else
  private func getrlimit(_ resource: Resource, _ limit: inout rlimit) {
    _ = Foundation.getrlimit(RLIMIT_FSIZE, &limit)
  }
  private func setrlimit(_ resource: Resource, _ limit: inout rlimit) {
    _ = Foundation.setrlimit(RLIMIT_FSIZE, &limit)
  }
#endif
