import CZlib

/// The gzip format (RFC 1952), through zlib.
public enum Gzip {
  /// Whether bytes start as a gzip file does.
  public static func isGzip(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.starts(with: [0x1F, 0x8B])
  }

  /// No deflate stream is longer than this many times its compressed form.
  static let maximumRatio = 1032

  /// All bytes of a gzip file, but no more than `limit`. `file` is the path for error messages.
  public static func decompress(_ bytes: [UInt8], limit: Int, file: String) throws -> [UInt8] {
    let reader = GzipReader(bytes, file: file)
    var result: [UInt8] = []
    while true {
      let piece = try reader.read(upTo: Swift.min(1 << 16, limit - result.count) + 1)
      if piece.isEmpty { return result }
      result += piece
      guard result.count <= limit else {
        throw FormatError(.tooLarge, file, "it decompresses to more than the \(limit) bytes expected.")
      }
    }
  }

  /// A gzip file of one member with no name and no time, so that equal bytes give equal files.
  public static func compress(_ bytes: [UInt8]) -> [UInt8] {
    // zlib remembers the address of its stream, so the stream must not move.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    let format = MAX_WBITS + 16
    let status = deflateInit2_(
      stream, 9, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib could not start")
    defer { deflateEnd(stream) }
    var input = bytes
    precondition(input.count <= UInt32.max / 2, "too much for one call of zlib")
    let capacity = Int(deflateBound(stream, uLong(input.count)))
    return [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
      input.withUnsafeMutableBufferPointer { input in
        stream.pointee.next_in = input.baseAddress
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(capacity)
        let status = deflate(stream, Z_FINISH)
        precondition(status == Z_STREAM_END, "zlib could not compress")
      }
      count = capacity - Int(stream.pointee.avail_out)
    }
  }
}

/// Decompresses piece by piece, so that nobody has to trust what a file says of its size.
final class GzipReader {
  // zlib remembers the address of its stream, so the stream must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  /// The part of the compressed bytes that is read at present.
  private let window: UnsafeMutableBufferPointer<UInt8>
  private var windowPosition = 0
  private var windowCount = 0
  private let source: ByteSource
  private var sourcePosition = 0
  private var isAtEnd = false

  init(_ source: ByteSource) {
    self.source = source
    window = .allocate(capacity: Swift.max(1, Swift.min(source.count, 1 << 18)))
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status = inflateInit2_(
      stream, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib could not start")
  }

  convenience init(_ bytes: [UInt8], file: String) {
    self.init(ByteSource(bytes: bytes, name: file))
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    window.deallocate()
  }

  /// The next bytes: `count` of them, or fewer at the end of the file; none when all are read.
  func read(upTo count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
      initialized = try read(into: output)
    }
  }

  /// Puts the next bytes into `output` and returns how many; fewer than there is room for only at the end.
  func read(into output: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
    var done = 0
    while done < output.count, !isAtEnd {
      done += try inflateOnce(into: UnsafeMutableBufferPointer(rebasing: output[done...]))
    }
    return done
  }

  private var hasSource: Bool { sourcePosition < source.count }

  /// Sees to it that at least `count` compressed bytes are in the window, where there are so many left.
  private func fill(atLeast count: Int) throws {
    let left = windowCount - windowPosition
    guard left < count, hasSource else { return }
    let base = UnsafeMutableRawBufferPointer(window)
    for index in 0..<left { base[index] = base[windowPosition + index] }
    let more = Swift.min(base.count - left, source.count - sourcePosition)
    try source.read(
      into: UnsafeMutableRawBufferPointer(rebasing: base[left..<left + more]), at: sourcePosition)
    sourcePosition += more
    windowPosition = 0
    windowCount = left + more
  }

  private func inflateOnce(into output: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
    try fill(atLeast: 1)
    let available = windowCount - windowPosition
    // zlib counts in 32 bits; a step of 1 GiB fits.
    let room = Swift.min(output.count, 1 << 30)
    stream.pointee.next_in = window.baseAddress.map { $0 + windowPosition }
    stream.pointee.avail_in = UInt32(available)
    stream.pointee.next_out = output.baseAddress
    stream.pointee.avail_out = UInt32(room)
    let status = inflate(stream, Z_NO_FLUSH)
    windowPosition += available - Int(stream.pointee.avail_in)
    let made = room - Int(stream.pointee.avail_out)
    switch status {
    case Z_OK: return made
    case Z_STREAM_END:
      // A gzip file may be several one after another.
      try fill(atLeast: 2)
      if Gzip.isGzip(window[windowPosition..<windowCount]) { inflateReset(stream) } else { isAtEnd = true }
      return made
    case Z_BUF_ERROR:
      if windowPosition == windowCount, !hasSource {
        throw FormatError(
          .truncated, source.name, "the compressed data ends too early; the file is incomplete.")
      }
      return made
    default:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
      throw FormatError(.malformed, source.name, "the compressed data is damaged: \(reason).")
    }
  }
}
