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
    let reader = try GzipReader(bytes, file: file)
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
  private let input: UnsafeMutableBufferPointer<UInt8>
  private let file: String
  private var position = 0
  private var isAtEnd = false

  init(_ bytes: [UInt8], file: String) throws {
    self.file = file
    input = .allocate(capacity: bytes.count)
    _ = input.initialize(from: bytes)
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status = inflateInit2_(
      stream, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib could not start")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
  }

  /// The next bytes: `count` of them, or fewer at the end of the file; none when all are read.
  func read(upTo count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
      while initialized < count, !isAtEnd {
        let rest = UnsafeMutableBufferPointer(rebasing: output[initialized...])
        initialized += try inflateOnce(into: rest)
      }
    }
  }

  private func inflateOnce(into output: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
    // zlib counts in 32 bits; a step of 1 GiB fits.
    let step = 1 << 30
    let available = Swift.min(input.count - position, step)
    let room = Swift.min(output.count, step)
    stream.pointee.next_in = input.baseAddress.map { $0 + position }
    stream.pointee.avail_in = UInt32(available)
    stream.pointee.next_out = output.baseAddress
    stream.pointee.avail_out = UInt32(room)
    let status = inflate(stream, Z_NO_FLUSH)
    position += available - Int(stream.pointee.avail_in)
    let made = room - Int(stream.pointee.avail_out)
    switch status {
    case Z_OK: return made
    case Z_STREAM_END:
      // A gzip file may be several one after another.
      if Gzip.isGzip(input[position...]) { inflateReset(stream) } else { isAtEnd = true }
      return made
    case Z_BUF_ERROR:
      if position == input.count {
        throw FormatError(.truncated, file, "the compressed data ends too early; the file is incomplete.")
      }
      return made
    default:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
      throw FormatError(.malformed, file, "the compressed data is damaged: \(reason).")
    }
  }
}
