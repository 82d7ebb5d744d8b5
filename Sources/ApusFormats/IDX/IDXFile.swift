import ApusIR

/// The IDX format of MNIST and its relatives, plain or compressed with gzip.
///
/// Four bytes (0, 0, element type, rank), one 32-bit extent per axis, then the elements, all
/// big-endian: <http://yann.lecun.com/exdb/mnist/>.
public enum IDXFile {
  private static let dtypes: [UInt8: DType] = [
    0x08: .u8, 0x09: .i8, 0x0B: .i16, 0x0C: .i32, 0x0D: .f32, 0x0E: .f64,
  ]

  /// Reads a file. Throws ``FormatError`` for a file that is no IDX file, damaged, or whose size is
  /// not what its header says.
  public static func read(path: String) throws -> RawArray {
    let source = try ByteSource(path: path)
    return try read(try source.readAll(limit: 1 << 34), file: path)
  }

  /// Reads a file that is in memory; `file` is its path for error messages.
  public static func read(_ bytes: [UInt8], file: String) throws -> RawArray {
    guard Gzip.isGzip(bytes) else {
      var position = 0
      return try read(file: file, capacity: bytes.count) { count in
        let end = Swift.min(position + count, bytes.count)
        defer { position = end }
        return Array(bytes[position..<end])
      }
    }
    let reader = GzipReader(bytes, file: file)
    let capacity = bytes.count * Gzip.maximumRatio
    return try read(file: file, capacity: capacity, take: reader.read(upTo:))
  }

  /// - Parameters:
  ///   - capacity: The most bytes that `take` can give; a header that promises more is a lie.
  ///   - take: Gives the next bytes, fewer than asked for only at the end.
  private static func read(
    file: String, capacity: Int, take: (Int) throws -> [UInt8]
  ) throws -> RawArray {
    let magic = try take(4)
    guard magic.count == 4 else {
      throw FormatError(.truncated, file, "it has only \(magic.count) bytes; an IDX file has at least 4.")
    }
    guard magic[0] == 0, magic[1] == 0, let dtype = dtypes[magic[2]] else {
      let found = magic.map { String($0, radix: 16) }.joined(separator: " ")
      throw FormatError(
        .malformed, file, "it is not an IDX file: it starts with the bytes \(found) (hexadecimal).")
    }
    let rank = Int(magic[3])
    let extents = try take(rank * 4)
    guard extents.count == rank * 4 else {
      throw FormatError(.truncated, file, "it ends inside its header, which has \(rank) extents.")
    }
    let shape = (0..<rank).map { axis in
      Int(extents[axis * 4..<axis * 4 + 4].bigEndian(as: UInt32.self))
    }
    let size = checkedElementCount(shape)?.multipliedReportingOverflow(by: dtype.byteCount)
    guard let size, !size.overflow, size.partialValue <= capacity else {
      throw FormatError(
        .truncated, file,
        "its header promises \(dtype)\(shape), more than a file of this size can hold; "
          + "it is incomplete or damaged.")
    }
    var bytes = try take(size.partialValue)
    guard bytes.count == size.partialValue else {
      throw FormatError(
        .truncated, file,
        "its header promises \(size.partialValue) bytes of \(dtype)\(shape), "
          + "but it ends after \(bytes.count); it is incomplete.")
    }
    // Asking for one byte more also makes zlib compare the checksum.
    guard try take(1).isEmpty else {
      throw FormatError(
        .malformed, file, "it goes on after the \(size.partialValue) bytes its header promises.")
    }
    bytes.reverseBytes(ofEach: dtype.byteCount)
    return RawArray(dtype, shape, bytes)
  }
}
