import ApusFormats
import Foundation
import Synchronization
import Testing

@testable import ApusData

/// Files from servers: whole, in parts, and from servers that misbehave.
@Suite struct DownloadTests {
  private static let bytes: [UInt8] = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }

  private static func digest(_ bytes: [UInt8]) throws -> String {
    let hash = try SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.finish()
  }

  private var quick: Downloader.Settings {
    var settings = Downloader.Settings()
    settings.attempts = 3
    settings.pause = .milliseconds(1)
    settings.stallTimeout = .seconds(1)
    settings.slowestBytesPerSecond = 50_000
    settings.maximumRedirects = 3
    return settings
  }

  private func dataset(_ urls: [String], byteCount: Int = bytes.count, sha256: String? = nil) throws -> PublicDataset {
    let file = PublicDataset.File(
      "a.bin", urls: urls, byteCount: byteCount, sha256: try sha256 ?? DownloadTests.digest(DownloadTests.bytes))
    return PublicDataset(name: "set", summary: "", licence: "", files: [file])
  }

  /// Fetches and compares; returns the sentences on the way.
  @discardableResult
  private func get(
    from urls: [String], part: [UInt8]? = nil, byteCount: Int = bytes.count, sha256: String? = nil
  ) async throws -> [String] {
    let notes = Mutex<[String]>([])
    try await withTemporaryFolder { folder in
      if let part { try AtomicFile.write(part, to: folder + "/a.bin.part") }
      let downloader = Downloader(quick, note: { note in notes.withLock { $0.append(note) } })
      let set = try dataset(urls, byteCount: byteCount, sha256: sha256)
      do {
        try downloader.get(set, into: folder)
      } catch {
        #expect(!isPresent(folder + "/a.bin"))
        throw error
      }
      let isRight = try ByteSource(path: folder + "/a.bin").readAll() == DownloadTests.bytes
      #expect(isRight && !isPresent(folder + "/a.bin.part"))
      #expect(try set.state(of: set.files[0], in: folder) == .right)
    }
    return notes.withLock { $0 }
  }

  private func failure(
    from urls: [String], byteCount: Int = bytes.count, sha256: String? = nil
  ) async throws -> DownloadError {
    try await #require(throws: DownloadError.self) {
      try await get(from: urls, byteCount: byteCount, sha256: sha256)
    }
  }

  /// FIPS 180-4's examples, so that a wrong library cannot pass what it computed itself.
  @Test func digestsAreSHA256() throws {
    #expect(try DownloadTests.digest(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(try DownloadTests.digest([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test func aFileIsFetchedOnce() async throws {
    let server = HTTPServer { HTTPServer.serve(DownloadTests.bytes, $0, $1) }
    try await withTemporaryFolder { folder in
      let seen = Mutex<[Int]>([])
      let downloader = Downloader(quick, progress: { progress in seen.withLock { $0.append(progress.received) } })
      for _ in 0..<2 { try downloader.get(try dataset([server.url]), into: folder) }
      #expect(seen.withLock { $0.last } == DownloadTests.bytes.count)
    }
    #expect(server.log.count == 1 && server.log[0].rangeStart == nil)
  }

  @Test func aRedirectionIsFollowed() async throws {
    let server = HTTPServer { request, send in
      if request.line.contains("/there") { return HTTPServer.serve(DownloadTests.bytes, request, send) }
      _ = send(HTTPServer.header(302, ["Location: /there", "Content-Length: 5"]) + Array("moved".utf8))
    }
    try await get(from: [server.url + "/here"])
  }

  /// What an earlier process left is continued and not fetched again.
  @Test func aPartIsContinued() async throws {
    let server = HTTPServer { HTTPServer.serve(DownloadTests.bytes, $0, $1) }
    try await get(from: [server.url], part: Array(DownloadTests.bytes.prefix(60_000)))
    #expect(server.log.map(\.rangeStart) == [60_000])
  }

  @Test func aBrokenTransferIsContinuedWithTheFilesTag() async throws {
    let server = HTTPServer { request, send in
      HTTPServer.serve(DownloadTests.bytes, request, send, tag: "\"v1\"", count: request.number < 3 ? 30_000 : .max)
    }
    let notes = try await get(from: [server.url])
    #expect(server.log.map(\.rangeStart) == [nil, 30_000, 60_000])
    #expect(server.log.map { $0.headers["if-range"] } == [nil, "\"v1\"", "\"v1\""])
    #expect(notes.count == 2)
  }

  /// The server's file changed meanwhile: the tag differs, so the whole file comes.
  @Test func anotherFileIsFetchedFromTheStart() async throws {
    let server = HTTPServer { request, send in
      let old = DownloadTests.bytes.map { $0 ^ 1 }
      if request.number == 1 { return HTTPServer.serve(old, request, send, tag: "\"v1\"", count: 30_000) }
      HTTPServer.serve(DownloadTests.bytes, request, send, tag: "\"v2\"")
    }
    try await get(from: [server.url])
    #expect(server.log.count == 2)
  }

  /// Bytes of an earlier process may be of another file of that size; the digest tells.
  @Test func aPartOfAnotherFileIsThrownAway() async throws {
    let server = HTTPServer { HTTPServer.serve(DownloadTests.bytes, $0, $1) }
    let notes = try await get(from: [server.url], part: [UInt8](repeating: 7, count: 60_000))
    #expect(server.log.map(\.rangeStart) == [60_000, nil] && notes.count == 1)
    try await get(from: [server.url], part: [UInt8](repeating: 7, count: 200_000))
  }

  @Test func aServerWithoutRangesIsAskedAnew() async throws {
    let server = HTTPServer { request, send in
      let count = request.number == 1 ? 50_000 : Int.max
      _ = send(HTTPServer.header(200, ["Content-Length: 100000"]) + DownloadTests.bytes.prefix(count))
    }
    try await get(from: [server.url])
    #expect(server.log.map(\.rangeStart) == [nil, 50_000])
  }

  @Test func wrongBytesAreThrownAwayAndTheMirrorAsked() async throws {
    let wrong = HTTPServer { HTTPServer.serve(DownloadTests.bytes.map { ~$0 }, $0, $1) }
    let right = HTTPServer { HTTPServer.serve(DownloadTests.bytes, $0, $1) }
    let error = try await failure(from: [wrong.url])
    #expect(error.kind == .wrongContents && error.description.contains("the SHA-256 of what came is"))
    #expect(wrong.log.count == 1)
    let notes = try await get(from: [wrong.url, right.url])
    #expect(notes.count == 1)
  }

  @Test(arguments: [
    ("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!", DownloadError.Kind.refused, "the server answered 404", 1),
    ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", .interrupted, "the server answered 503", 3),
    ("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", .refused, "leads elsewhere more than 3 times", 4),
    ("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", .refused, "Only http and https", 1),
    ("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\nx", .refused, "the server has 200000 bytes, the published file 100000", 1),
    ("HTTP/1.1 206 Part\r\nContent-Range: bytes 5-9/100000\r\nContent-Length: 5\r\n\r\nxxxxx", .interrupted, "another part", 3),
    ("", .interrupted, "Empty reply", 3),
    ("nonsense\r\n\r\n", .refused, "HTTP", 1),
  ])
  func answersThatAreNoFile(answer: String, kind: DownloadError.Kind, sentence: String, requests: Int) async throws {
    let server = HTTPServer { _, send in _ = send(Array(answer.utf8)) }
    let error = try await failure(from: [server.url])
    #expect(error.kind == kind && error.description.contains(sentence), "\(error)")
    #expect(server.log.count == requests)
  }

  /// A server that never ends must not fill the disk.
  @Test func moreBytesThanDeclaredAreRefused() async throws {
    let server = HTTPServer { _, send in
      _ = send(HTTPServer.header(200, []))
      while send([UInt8](repeating: 0, count: 1 << 14)) {}
    }
    let error = try await failure(from: [server.url])
    #expect(error.kind == .refused && error.description.contains("more than the 100000 bytes of the published file came"))
  }

  /// A server that trickles ends in a second and a half.
  @Test func aServerThatTricklesIsGivenUp() async throws {
    let server = HTTPServer { _, send in
      _ = send(HTTPServer.header(200, ["Content-Length: 100000"]))
      while send([1]) { usleep(20_000) }
    }
    var settings = quick
    settings.attempts = 1
    try await withTemporaryFolder { folder in
      let error = try #require(throws: DownloadError.self) {
        try Downloader(settings).get(try dataset([server.url]), into: folder)
      }
      #expect(error.kind == .interrupted && error.description.contains("too slow or silent"))
      #expect(isPresent(folder + "/a.bin.part"))
    }
  }

  @Test func aServerThatIsNotThereIsASentence() async throws {
    let error = try await failure(from: ["http://127.0.0.1:1/a"])
    #expect(error.kind == .interrupted && error.description.hasPrefix("http://127.0.0.1:1/a: "))
    try await withTemporaryFolder { folder in
      let set = try dataset(["file:///etc/passwd"])
      #expect(throws: DownloadError.self) { try Downloader(quick).get(set, into: folder) }
      // Nothing has come, so nothing is left, and the folder does not pass for the data.
      #expect(!isPresent(folder + "/a.bin.part") && set.isPartial(in: folder))
    }
    #expect(try await failure(from: ["file:///etc/passwd"]).kind == .refused)
    #expect(try await failure(from: ["http://no-such-host.invalid/a"]).kind == .refused)
  }

  @Test func stoppingKeepsWhatHasCome() async throws {
    let server = HTTPServer { request, send in
      HTTPServer.serve(DownloadTests.bytes, request, send, count: request.number == 1 ? 40_000 : .max)
      if request.number == 1 { usleep(50_000) }
    }
    try await withTemporaryFolder { folder in
      let isCancelled = Mutex(false)
      let downloader = Downloader(
        quick, isCancelled: { isCancelled.withLock { $0 } }, note: { _ in isCancelled.withLock { $0 = true } })
      let error = #expect(throws: DownloadError.self) { try downloader.get(try dataset([server.url]), into: folder) }
      #expect(error?.kind == .cancelled)
      #expect(try ByteSource(path: folder + "/a.bin.part").count == 40_000)
      try Downloader(quick).get(try dataset([server.url]), into: folder)
      #expect(server.log.map(\.rangeStart) == [nil, 40_000])
    }
  }

  /// Two processes that want the same set share the work.
  @Test func oneFetchesWhileAnotherWaits() async throws {
    let server = HTTPServer { request, send in
      usleep(50_000)
      HTTPServer.serve(DownloadTests.bytes, request, send)
    }
    try await withTemporaryFolder { folder in
      let set = try dataset([server.url])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<2 { group.addTask { [quick] in try Downloader(quick).get(set, into: folder) } }
        try await group.waitForAll()
      }
    }
    #expect(server.log.count == 1)
  }

  /// Mistakes that a reader of the list cannot see.
  @Test func theCatalogueIsSound() {
    let sets = PublicDataset.catalogue
    #expect(Set(sets.map(\.name)).count == sets.count && sets.count >= 12)
    for set in sets {
      #expect(!set.summary.isEmpty && !set.licence.isEmpty && Set(set.files.map(\.name)).count == set.files.count)
      for file in set.files {
        let digits = file.sha256.allSatisfy { $0.isHexDigit && !$0.isUppercase }
        #expect(file.sha256.count == 64 && digits && file.byteCount > 0 && !file.name.contains("/"), "\(file.name)")
        #expect(!file.urls.isEmpty && file.urls.allSatisfy { $0.hasPrefix("http") && URL(string: $0) != nil })
      }
    }
  }
}
