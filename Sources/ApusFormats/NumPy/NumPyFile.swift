import ApusIR

/// NumPy's `.npy` format, versions 1 to 3:
/// <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
public enum NumPyFile {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private static let codes: [String: DType] = [
    "b1": .bool, "u1": .u8, "i1": .i8, "i2": .i16, "i4": .i32, "i8": .i64,
    "f2": .f16, "f4": .f32, "f8": .f64,
  ]
  /// Longer than any header of plain numbers; NumPy itself refuses more than 10,000 characters.
  private static let maximumHeaderByteCount = 10_000

  /// Reads a file; big-endian elements and column-major order are converted.
  public static func read(path: String) throws -> RawArray {
    try read(ByteSource(path: path))
  }

  /// Reads a file that is in memory; `file` is its path for error messages.
  public static func read(_ bytes: [UInt8], file: String) throws -> RawArray {
    try read(ByteSource(bytes: bytes, name: file))
  }

  static func read(_ source: ByteSource) throws -> RawArray {
    let file = source.name
    let start = try source.read(0..<Swift.min(12, source.count))
    guard start.starts(with: magic) else {
      throw FormatError(.malformed, file, "it is not a NumPy file: it does not start with \\x93NUMPY.")
    }
    guard start.count >= 10 else { throw FormatError(.truncated, file, "it ends inside its header.") }
    let version = start[6]
    guard (1...3).contains(version) else {
      throw FormatError(.unsupported, file, "it has version \(version) of the format; 1 to 3 are known.")
    }
    let lengthBytes = version == 1 ? 2 : 4
    guard start.count >= 8 + lengthBytes else {
      throw FormatError(.truncated, file, "it ends inside its header.")
    }
    let length = start[8..<8 + lengthBytes].littleEndian(as: Int.self)
    guard length <= maximumHeaderByteCount else {
      throw FormatError(
        .malformed, file, "its header would be \(length) bytes long; at most \(maximumHeaderByteCount) are read.")
    }
    let dataStart = 8 + lengthBytes + length
    let text = try source.read(8 + lengthBytes..<dataStart)
    let header = try NumPyHeader(text, file: file)

    let kind = String(header.description.dropFirst())
    guard let dtype = codes[kind], let order = header.description.first, "<>|=".contains(order) else {
      let known = codes.keys.sorted().joined(separator: ", ")
      throw FormatError(
        .unsupported, file,
        "its elements are of type '\(header.description)'; convert them to one of \(known).")
    }
    let size = checkedElementCount(header.shape)?.multipliedReportingOverflow(by: dtype.byteCount)
    let available = source.count - dataStart
    guard let size, !size.overflow, size.partialValue <= available else {
      throw FormatError(
        .truncated, file,
        "its header promises \(dtype)\(header.shape), but only \(available) bytes follow; it is incomplete.")
    }
    guard size.partialValue == available else {
      throw FormatError(
        .malformed, file,
        "\(available) bytes follow the header, but \(dtype)\(header.shape) takes \(size.partialValue).")
    }
    var bytes = try source.read(dataStart..<source.count)
    if order == ">" { bytes.reverseBytes(ofEach: dtype.byteCount) }
    if dtype == .bool, let odd = bytes.first(where: { $0 > 1 }) {
      throw FormatError(.malformed, file, "it has a boolean of value \(odd); only 0 and 1 are allowed.")
    }
    if header.isColumnMajor {
      bytes = rowMajor(bytes, shape: header.shape, width: dtype.byteCount)
    }
    return RawArray(dtype, header.shape, bytes)
  }

  /// Column-major elements in row-major order.
  private static func rowMajor(_ bytes: [UInt8], shape: [Int], width: Int) -> [UInt8] {
    guard shape.count > 1, !bytes.isEmpty else { return bytes }
    var strides = [Int](repeating: width, count: shape.count)
    for axis in 1..<shape.count { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = [Int](repeating: 0, count: shape.count)
    var source = 0
    while result.count < bytes.count {
      result.append(contentsOf: bytes[source..<source + width])
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        source += strides[axis]
        if index[axis] < shape[axis] { break }
        source -= index[axis] * strides[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return result
  }

  /// Writes version 1 of the format, as NumPy does. `bf16` throws, since NumPy has no such type.
  public static func write(_ array: RawArray, to path: String) throws {
    try AtomicFile.write(try encode(array, file: path), to: path)
  }

  /// The bytes of a file; `file` is its path for error messages.
  public static func encode(_ array: RawArray, file: String) throws -> [UInt8] {
    guard let code = codes.first(where: { $0.value == array.dtype })?.key else {
      throw FormatError(
        .unsupported, file, "NumPy has no type for \(array.dtype); convert the array to f32 first.")
    }
    let order = array.dtype.byteCount == 1 ? "|" : "<"
    let extents = array.shape.map(String.init).joined(separator: ", ")
    let shape = array.shape.count == 1 ? "(\(extents),)" : "(\(extents))"
    var header = "{'descr': '\(order)\(code)', 'fortran_order': False, 'shape': \(shape), }"
    let unpadded = magic.count + 4 + header.utf8.count + 1
    header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    return magic + [1, 0] + UInt16(header.utf8.count).littleEndianBytes + Array(header.utf8) + array.bytes
  }
}
