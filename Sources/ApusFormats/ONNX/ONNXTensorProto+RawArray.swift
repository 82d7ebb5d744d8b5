import ApusIR
import Foundation

extension ONNXTensorProto {
  /// A tensor whose elements lie in the message.
  package init(_ name: String, _ array: RawArray) {
    self.init()
    self.name = name
    dims = array.shape.map(Int64.init)
    dataType = Int32(ONNXTensorProto.DataType(array.dtype).rawValue)
    rawData = Data(array.bytes)
  }

  /// A tensor whose elements lie in a safetensors file beside the model.
  package init(_ entry: SafetensorsEntry, dtype: DType, location: String) {
    self.init()
    name = entry.name
    dims = entry.shape.map(Int64.init)
    dataType = Int32(ONNXTensorProto.DataType(dtype).rawValue)
    dataLocation = .external
    externalData = [
      ("location", location), ("offset", "\(entry.offset)"), ("length", "\(entry.byteCount)"),
    ].map { key, value in
      var pair = ONNXStringStringEntryProto()
      pair.key = key
      pair.value = value
      return pair
    }
  }

  /// The elements, wherever they lie: raw bytes, typed fields, or a file in the folder of the model.
  ///
  /// - Parameter file: Path of the model; files that it refers to must lie in its folder or below.
  /// - Throws: ``FormatError`` for an element type that Apus cannot hold, for sizes that do not fit
  ///   the shape, and for a file that is missing, too short or outside the folder.
  package func array(file: String) throws -> RawArray {
    let label = "tensor '\(name)'"
    guard let dtype = DType(onnxElementType: dataType) else {
      throw FormatError(
        .unsupported, file, "\(label) has elements of type \(dataType), which Apus cannot hold.")
    }
    let shape = dims.map(Int.init)
    let size = checkedElementCount(shape)?.multipliedReportingOverflow(by: dtype.byteCount)
    guard shape.allSatisfy({ $0 >= 0 }), let size, !size.overflow else {
      throw FormatError(.malformed, file, "\(label) has the impossible shape \(shape).")
    }
    let bytes: [UInt8]
    if dataLocation == .external {
      bytes = try externalBytes(file: file, label: label, byteCount: size.partialValue)
    } else if hasRawData {
      bytes = Array(rawData)
    } else {
      bytes = typedBytes(dtype)
    }
    guard bytes.count == size.partialValue else {
      throw FormatError(
        .malformed, file,
        "\(label) (\(dtype)\(shape)) needs \(size.partialValue) bytes, but has \(bytes.count).")
    }
    return RawArray(dtype, shape, bytes)
  }

  private func externalBytes(file: String, label: String, byteCount: Int) throws -> [UInt8] {
    let fields = Dictionary(externalData.map { ($0.key, $0.value) }) { first, _ in first }
    guard let location = fields["location"], !location.isEmpty else {
      throw FormatError(.malformed, file, "\(label) lies in another file, but which is not said.")
    }
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !location.hasPrefix("/"), !parts.contains(".."), !location.contains("\0") else {
      throw FormatError(
        .malformed, file, "\(label) lies in '\(location)', outside the model's folder.")
    }
    let offset = fields["offset"].map { Int($0) } ?? 0
    let length = fields["length"].map { Int($0) } ?? byteCount
    guard let offset, offset >= 0, length == byteCount else {
      throw FormatError(
        .malformed, file, "\(label) needs \(byteCount) bytes, but its place in '\(location)' is "
          + "offset \(fields["offset"] ?? "0"), length \(fields["length"] ?? "not given").")
    }
    let (end, overflow) = offset.addingReportingOverflow(byteCount)
    guard !overflow else {
      throw FormatError(.malformed, file, "\(label) has the impossible offset \(offset).")
    }
    return try ByteSource(path: "\(AtomicFile.parent(of: file))/\(location)").read(offset..<end)
  }

  /// The elements of the typed fields; 16-bit and smaller ones lie in `int32_data`, floats as bits.
  private func typedBytes(_ dtype: DType) -> [UInt8] {
    switch dtype {
    case .f32: floatData.flatMap { $0.bitPattern.littleEndianBytes }
    case .f64: doubleData.flatMap { $0.bitPattern.littleEndianBytes }
    case .i64: int64Data.flatMap(\.littleEndianBytes)
    case .bool, .u8, .i8, .i16, .i32, .f16, .bf16:
      int32Data.flatMap { $0.littleEndianBytes.prefix(dtype.byteCount) }
    }
  }
}
