import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A web server for tests, on a free port of this machine: it reads one request for each connection, lets the
/// test answer it with bytes of its own, and closes.
final class HTTPServer: Sendable {
  struct Request: Sendable {
    /// `GET /path HTTP/1.1`
    var line: String
    var headers: [String: String]
    /// From 1.
    var number: Int

    /// The first byte asked for.
    var rangeStart: Int? { headers["range"]?.split { "=-".contains($0) }.dropFirst().first.flatMap { Int($0) } }
  }

  /// Writes pieces of an answer; false where the other side is gone.
  typealias Send = ([UInt8]) -> Bool

  let url: String
  private let listener: Int32
  private let requests = Mutex<[Request]>([])

  init(_ answer: @escaping @Sendable (Request, Send) -> Void) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        _ = bind(listener, pointer, length)
        _ = listen(listener, 8)
        _ = getsockname(listener, pointer, &length)
      }
    }
    self.listener = listener
    url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { break }
        if let request = self?.record(HTTPServer.read(connection)) {
          answer(request) { HTTPServer.write($0, connection) }
        }
        shutdown(connection, Int32(SHUT_RDWR))
        close(connection)
      }
      // Not in deinit: a number that is free may become another server's before this thread sees that it is.
      close(listener)
    }
  }

  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  /// What was asked for so far.
  var log: [Request] { requests.withLock { $0 } }

  private func record(_ text: String) -> Request {
    let lines = text.split(whereSeparator: \.isNewline).map { String($0) }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return requests.withLock { requests in
      requests.append(Request(line: lines.first ?? "", headers: headers, number: requests.count + 1))
      return requests[requests.count - 1]
    }
  }

  private static func read(_ connection: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.suffix(4) != [13, 10, 13, 10] {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      bytes += buffer.prefix(count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func write(_ bytes: [UInt8], _ connection: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

extension HTTPServer {
  /// A header with a status and fields.
  static func header(_ status: Int, _ fields: [String]) -> [UInt8] {
    Array((["HTTP/1.1 \(status) Status"] + fields + ["Connection: close", "", ""]).joined(separator: "\r\n").utf8)
  }

  /// Answers with a file as servers that serve parts do. `count` limits the bytes that are really sent.
  static func serve(_ bytes: [UInt8], _ request: Request, _ send: Send, tag: String? = nil, count: Int = .max) {
    var start = request.rangeStart ?? 0
    if let condition = request.headers["if-range"], condition != tag { start = 0 }
    var fields = ["Content-Length: \(bytes.count - start)"]
    if let tag { fields.append("ETag: \(tag)") }
    if start > 0 { fields.append("Content-Range: bytes \(start)-\(bytes.count - 1)/\(bytes.count)") }
    _ = send(header(start > 0 ? 206 : 200, fields) + bytes[start...].prefix(count))
  }
}
