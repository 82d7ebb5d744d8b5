import Dispatch
import Foundation
import Testing

@testable import ApusRuntime

/// Compiled code on disk: found again, never trusted, never in the way.
struct CodeStoreTests {
  private let folder = NSTemporaryDirectory() + "apus-store-\(UUID().uuidString)"
  private let code: [UInt8] = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }

  private func key(_ number: Int) -> Fingerprint {
    var key = Fingerprint()
    key.combine(UInt64(number))
    return key
  }

  private func withStore(limit: Int = 1 << 20, _ body: (CodeStore) throws -> Void) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(CodeStore(folder: folder + "/deep/er", limit: limit))
  }

  private func files(_ store: CodeStore) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: store.folder)) ?? []
    return names.map { "\(store.folder)/\($0)" }
  }

  @Test func anotherProcessFindsTheCode() throws {
    try withStore { store in
      #expect(store.load(key(1)) == nil)
      store.save(code, title: "kernel add·exp", for: key(1))
      let other = CodeStore(folder: store.folder, limit: 1 << 20)
      #expect(other.load(key(1)) == code)
      #expect(other.load(key(2)) == nil)
      let entries = other.entries()
      #expect(entries.count == 1)
      #expect(other.title(of: entries[0]) == "kernel add·exp")
    }
  }

  @Test func truncatedFilesAreAbsent() throws {
    try withStore { store in
      for length in [0, 1, 7, 8, 40, 55, 56, 60, 200, 360] {
        store.save(code, title: "kernel", for: key(1))
        let file = try #require(files(store).first)
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        try whole.prefix(length).write(to: URL(fileURLWithPath: file))
        #expect(store.load(key(1)) == nil, "of \(length) bytes")
        #expect(files(store).isEmpty, "what cannot be used is removed")
      }
    }
  }

  @Test func aChangedBitIsNoticedWhereverItIs() throws {
    try withStore { store in
      store.save(code, title: "kernel", for: key(1))
      let file = try #require(files(store).first)
      let whole = try Data(contentsOf: URL(fileURLWithPath: file))
      for place in whole.indices {
        var damaged = whole
        damaged[place] ^= 0x10
        try damaged.write(to: URL(fileURLWithPath: file))
        #expect(store.load(key(1)) == nil, "at byte \(place)")
      }
      try (whole + [0]).write(to: URL(fileURLWithPath: file))
      #expect(store.load(key(1)) == nil)
      // Under another key's name the file is not what it says.
      store.save(code, title: "kernel", for: key(1))
      try FileManager.default.moveItem(atPath: file, toPath: "\(store.folder)/\(key(2)).code")
      #expect(store.load(key(2)) == nil)
    }
  }

  @Test func foreignThingsInTheFolderDoNoHarm() throws {
    try withStore { store in
      store.save(code, title: "kernel", for: key(1))
      try FileManager.default.createDirectory(
        atPath: "\(store.folder)/\(key(2)).code", withIntermediateDirectories: false)
      try Data("hello".utf8).write(to: URL(fileURLWithPath: "\(store.folder)/\(key(3)).code"))
      try Data("keep".utf8).write(to: URL(fileURLWithPath: "\(store.folder)/notes.txt"))
      try FileManager.default.createSymbolicLink(
        atPath: "\(store.folder)/\(key(4)).code",
        withDestinationPath: "\(store.folder)/\(key(1)).code")
      for number in 2...4 { #expect(store.load(key(number)) == nil) }
      #expect(store.load(key(1)) == code)
      store.clear()
      #expect(store.load(key(1)) == nil)
      #expect(FileManager.default.fileExists(atPath: "\(store.folder)/notes.txt"))
    }
  }

  @Test func aFolderThatCannotBeWrittenIsNoError() throws {
    try withStore { store in
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data().write(to: URL(fileURLWithPath: folder + "/deep"))
      store.save(code, title: "kernel", for: key(1))
      #expect(store.load(key(1)) == nil)
      #expect(store.entries().isEmpty)
      store.clear()
    }
  }

  @Test func theLeastRecentlyUsedIsDropped() throws {
    let each = CodeFile.encode(code, title: "kernel", key: key(0)).count
    try withStore(limit: 10 * each) { store in
      for number in 0..<10 {
        store.save(code, title: "kernel", for: key(number))
        let age = Date(timeIntervalSinceNow: Double(number - 20) * 86_400)
        try FileManager.default.setAttributes(
          [.modificationDate: age], ofItemAtPath: "\(store.folder)/\(key(number)).code")
      }
      #expect(store.load(key(0)) == code, "which makes it the last used")
      store.save(code, title: "kernel", for: key(10))
      let left = (0...10).filter { store.load(key($0)) != nil }
      #expect(left == [0] + Array(4...10))
      #expect(store.entries().reduce(0) { $0 + $1.byteCount } <= 8 * each)
    }
  }

  @Test func severalWritersAtOnce() throws {
    try withStore { store in
      DispatchQueue.concurrentPerform(iterations: 64) { index in
        let number = index % 4
        let code = [UInt8](repeating: UInt8(number), count: 5_000)
        CodeStore(folder: store.folder, limit: 1 << 20).save(code, title: "", for: key(number))
        if let found = store.load(key(number)) { #expect(found == code) }
      }
      #expect(store.entries().count == 4)
      #expect(files(store).count == 4, "nothing unfinished is left")
    }
  }

  @Test func whereItLies() {
    func folder(_ variables: [String: String]) -> String? {
      CodeStore.folder { variables[$0] }
    }
    #expect(folder(["APUS_CACHE": "/a", "XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/a")
    #expect(folder(["XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/x/apus")
    #expect(folder(["HOME": "/h"]) == "/h/.cache/apus")
    #expect(folder(["APUS_CACHE": "none", "HOME": "/h"]) == nil)
    #expect(folder([:]) == nil)
  }

  @Test func fingerprintsTellNeighboursApart() {
    var seen: Set<Fingerprint> = []
    for text in ["", "a", "b", "ab", "ba", "\0", "\0\0", "12345678", "123456780", "1234567\0"] {
      var one = Fingerprint()
      one.combine(text)
      seen.insert(one)
      one.combine("")
      seen.insert(one)
    }
    #expect(seen.count == 20)
    #expect("\(Fingerprint())".count == 32)
  }
}
