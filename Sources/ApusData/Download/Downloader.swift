import ApusFormats
import CCurl
import Foundation

/// Fetches the files of a ``PublicDataset``.
///
/// A file grows beside its place under the name with `.part`, is compared with its published SHA-256 and only
/// then put in its place. What is broken off is continued, by the same process or a later one, where the server
/// serves parts of files (RFC 9110, section 14).
public struct Downloader: Sendable {
  public struct Settings: Sendable {
    /// Attempts in a row that bring nothing, for each address.
    public var attempts = 4
    /// The pause before the second attempt; each further one is twice as long.
    public var pause: Duration = .seconds(1)
    public var connectTimeout: Duration = .seconds(20)
    /// A transfer ends when it was slower than `slowestBytesPerSecond` for so long; whole seconds.
    public var stallTimeout: Duration = .seconds(30)
    public var slowestBytesPerSecond = 100
    public var maximumRedirects = 10

    public init() {}
  }

  /// How far a file has come.
  public struct Progress: Sendable {
    public var file: String
    public var received: Int
    public var byteCount: Int
    public var bytesPerSecond: Double
    /// Whether the file is there and right.
    public var isDone = false

    /// Seconds to go at this rate; nil where it is not known.
    public var remainingSeconds: Double? {
      bytesPerSecond > 0 ? Double(byteCount - received) / bytesPerSecond : nil
    }
  }

  private let settings: Settings
  private let isCancelled: @Sendable () -> Bool
  private let note: @Sendable (String) -> Void
  private let progress: @Sendable (Progress) -> Void

  /// - Parameters:
  ///   - isCancelled: asked at least once a second; true stops and keeps what has come.
  ///   - note: takes sentences of what happens beside the progress, such as another attempt.
  ///   - progress: called about five times a second.
  public init(
    _ settings: Settings = Settings(), isCancelled: @escaping @Sendable () -> Bool = { false },
    note: @escaping @Sendable (String) -> Void = { _ in }, progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) {
    self.settings = settings
    self.isCancelled = isCancelled
    self.note = note
    self.progress = progress
  }

  /// Brings all files of a set into `folder`; those that are there and right stay.
  ///
  /// Blocks its thread. Another process that fetches into the folder is waited for.
  ///
  /// - Throws: ``DownloadError``; `FormatError` where the folder cannot be written.
  public func get(_ set: PublicDataset, into folder: String) throws {
    try AtomicFile.createFolder(folder)
    var isWaiting = false
    let lock = try FolderLock(folder) {
      if !isWaiting { note("waiting for another process that fetches into \(folder)") }
      isWaiting = true
      try checkCancellation()
    }
    try withExtendedLifetime(lock) {
      for file in set.files {
        try checkCancellation()
        if try set.state(of: file, in: folder) != .right { try get(file, to: "\(folder)/\(file.name)") }
        progress(
          Progress(
            file: file.name, received: file.byteCount, byteCount: file.byteCount, bytesPerSecond: 0, isDone: true))
      }
    }
  }

  private func checkCancellation() throws {
    if isCancelled() { throw DownloadError(.cancelled, "stopped; what has come is kept.") }
  }

  private func get(_ file: PublicDataset.File, to path: String) throws {
    if let sentence = apus_curl_load() { throw DownloadError(.unavailable, String(cString: sentence)) }
    let part = try LocalFile(appendingTo: path + ".part")
    var last: DownloadError?
    for url in file.urls {
      if let last { note("\(last.description) Trying \(url).") }
      do {
        try fetch(url, file, to: part)
        return try part.move(to: path)
      } catch let error as DownloadError where error.kind != .cancelled {
        last = error
      }
    }
    part.removeIfEmpty()
    throw last ?? DownloadError(.refused, "\(file.name): it has no address.")
  }

  /// Fetches from one address until the file is whole and right.
  private func fetch(_ url: String, _ file: PublicDataset.File, to part: LocalFile) throws {
    if part.count > file.byteCount { try part.clear() }
    // Bytes of before may be of another file; then all are fetched again, once.
    var isContinued = part.count > 0
    while true {
      if part.count < file.byteCount { try transfer(url, file, to: part) }
      let digest = try SHA256.digest(ofFile: part.path)
      if digest == file.sha256 { return }
      try part.clear()
      guard isContinued else {
        throw DownloadError(
          .wrongContents,
          "\(url): the SHA-256 of what came is \(digest), that of the published file \(file.sha256); "
            + "it was thrown away.")
      }
      note("\(file.name): the bytes from an earlier attempt were of another file; fetching it anew")
      isContinued = false
    }
  }

  /// Transfers until all bytes are there, with pauses between attempts that bring nothing.
  private func transfer(_ url: String, _ file: PublicDataset.File, to part: LocalFile) throws {
    var failures = 0
    var tag: String?
    while true {
      try checkCancellation()
      let before = part.count
      let meter = Meter(file, from: before, report: progress)
      let transfer = Transfer(url, to: part, byteCount: file.byteCount, settings: settings) { received in
        meter.update(received)
        return !isCancelled()
      }
      do {
        return try transfer.run(continuing: tag)
      } catch let error as DownloadError where error.kind == .interrupted {
        tag = transfer.tag ?? tag
        failures = part.count > before ? 1 : failures + 1
        guard failures < settings.attempts else { throw error }
        let pause = settings.pause * (1 << (failures - 1))
        note("\(error.description) Attempt \(failures + 1) of \(settings.attempts) in \(pause).")
        try sleep(pause)
      }
    }
  }

  private func sleep(_ duration: Duration) throws {
    let end = ContinuousClock.now + duration
    while ContinuousClock.now < end {
      try checkCancellation()
      Thread.sleep(forTimeInterval: min(0.1, max(0.001, (end - .now) / .seconds(1))))
    }
  }
}

/// Tells rate and progress, but not with every piece.
private final class Meter {
  private let file: PublicDataset.File
  private let start = ContinuousClock.now
  private let from: Int
  private let report: (Downloader.Progress) -> Void
  private var last: ContinuousClock.Instant?

  init(_ file: PublicDataset.File, from: Int, report: @escaping (Downloader.Progress) -> Void) {
    self.file = file
    self.from = from
    self.report = report
  }

  func update(_ received: Int) {
    let now = ContinuousClock.now
    if let last, now - last < .milliseconds(200) { return }
    last = now
    let seconds = (now - start) / .seconds(1)
    let rate = seconds > 0.05 ? Double(max(0, received - from)) / seconds : 0
    report(
      Downloader.Progress(
        file: file.name, received: received, byteCount: file.byteCount, bytesPerSecond: rate))
  }
}
