import CCurl
import Foundation

/// One request to a server, whose answer continues a file.
final class Transfer {
  private let settings: Downloader.Settings
  private let url: String
  private let file: LocalFile
  /// Bytes the whole file has.
  private let byteCount: Int
  /// Called as bytes come, and about once a second while none do; false ends the transfer.
  private let progress: (_ received: Int) -> Bool

  /// Of the answer that is being read; redirections have answers of their own.
  private var status = 0
  private var fields: [String: String] = [:]
  private var hasBegun = false
  private var failure: (any Error)?

  /// The tag of the server's file, where it has one that changes with the bytes.
  private(set) var tag: String?

  init(
    _ url: String, to file: LocalFile, byteCount: Int, settings: Downloader.Settings,
    progress: @escaping (Int) -> Bool
  ) {
    self.url = url
    self.file = file
    self.byteCount = byteCount
    self.settings = settings
    self.progress = progress
  }

  /// Fetches what the file lacks; all of it where the server does not serve parts, or has another file now.
  ///
  /// - Parameter known: the tag of the file that the bytes there are come from.
  /// - Throws: ``DownloadError``, or `FormatError` where the file cannot be written.
  func run(continuing known: String?) throws {
    var request = apus_curl_request()
    request.offset = Int64(file.count)
    request.maximum_redirects = Int64(settings.maximumRedirects)
    request.connect_milliseconds = Int64(settings.connectTimeout / .milliseconds(1))
    request.slow_bytes = Int64(settings.slowestBytesPerSecond)
    request.slow_seconds = Int64(max(1, settings.stallTimeout / .seconds(1)))
    request.context = Unmanaged.passUnretained(self).toOpaque()
    request.header = { context, bytes, count in
      Transfer.at(context)?.header(UnsafeRawBufferPointer(start: bytes, count: count)) ?? false
    }
    request.body = { context, bytes, count in
      Transfer.at(context)?.body(UnsafeRawBufferPointer(start: bytes, count: count)) ?? false
    }
    request.tick = { context in Transfer.at(context)?.tick() ?? false }

    var answer = apus_curl_answer()
    url.withCString { url in
      request.url = url
      guard let known else { return apus_curl_transfer(&request, &answer) }
      known.withCString { tag in
        request.tag = tag
        apus_curl_transfer(&request, &answer)
      }
    }
    if let failure { throw failure }
    guard answer.code == 0 else { throw error(answer) }
    if !hasBegun { try begin() }
    guard file.count == byteCount else {
      throw DownloadError(.interrupted, "\(url): the answer ended after \(file.count) of \(byteCount) bytes.")
    }
  }

  private static func at(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
  }

  private func error(_ answer: apus_curl_answer) -> DownloadError {
    let reason = withUnsafeBytes(of: answer.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    switch Int(answer.code) {
    case APUS_CURL_BAD_PROTOCOL, APUS_CURL_BAD_URL:
      return DownloadError(.refused, "\(url): \(reason). Only http and https are fetched.")
    case APUS_CURL_NO_HOST:
      return DownloadError(.refused, "\(url): \(reason). Is this machine online? A proxy is set by https_proxy.")
    case APUS_CURL_TOO_SLOW:
      return DownloadError(.interrupted, "\(url): the server is too slow or silent (\(reason)).")
    case APUS_CURL_TOO_MANY_REDIRECTS:
      return DownloadError(.refused, "\(url): it leads elsewhere more than \(settings.maximumRedirects) times.")
    case APUS_CURL_BAD_CERTIFICATE:
      return DownloadError(.refused, "\(url): \(reason). The package ca-certificates has the known authorities.")
    default: return DownloadError(.interrupted, "\(url): \(reason).")
    }
  }

  // MARK: What curl calls

  private func header(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      fields = [:]
    } else if let colon = line.firstIndex(of: ":"), fields.count < 200 {
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespacesAndNewlines)
      fields[line[..<colon].lowercased()] = value
    }
    return true
  }

  private func body(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do {
      if !hasBegun { try begin() }
      guard file.count + bytes.count <= byteCount else {
        throw DownloadError(.refused, "\(url): more than the \(byteCount) bytes of the published file came.")
      }
      try file.append(bytes)
      return tick()
    } catch {
      failure = error
      return false
    }
  }

  private func tick() -> Bool {
    if progress(file.count) { return true }
    failure = DownloadError(.cancelled, "stopped; what has come is kept.")
    return false
  }

  /// Looks at the header of the last answer before the first byte is written.
  private func begin() throws {
    hasBegun = true
    let stated: Int?
    switch status {
    case 200:
      try file.clear()
      stated = fields["content-length"].flatMap { Int($0) }
    case 206:
      stated = try total(fields["content-range"] ?? "")
    case 416:
      try file.clear()
      throw DownloadError(.interrupted, "\(url): the server has fewer bytes than have come before.")
    case 408, 425, 429, 500...599:
      throw DownloadError(.interrupted, "\(url): the server answered \(status).")
    default:
      throw DownloadError(.refused, "\(url): the server answered \(status).")
    }
    if let stated, stated != byteCount {
      throw DownloadError(.refused, "\(url): the server has \(stated) bytes, the published file \(byteCount).")
    }
    // A weak tag does not promise the same bytes.
    tag = fields["etag"].flatMap { $0.hasPrefix("\"") ? $0 : nil }
  }

  /// The size in `bytes 100-199/200`, nil for `*`; a part that does not begin where the file ends is of no use.
  private func total(_ range: String) throws -> Int? {
    let parts = range.split { " -/".contains($0) }
    guard parts.count == 4, parts[0] == "bytes", Int(parts[1]) == file.count else {
      try file.clear()
      throw DownloadError(.interrupted, "\(url): the server sent another part of the file than was asked for.")
    }
    return Int(parts[3])
  }
}
