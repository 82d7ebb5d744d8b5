import ApusIR
import Foundation
import SwiftProtobuf

/// ONNX files as messages; what the operations mean is for others to say.
package enum ONNXFile {
  /// The format's own limit: a protocol buffer has less than 2 GiB.
  private static let maximumByteCount = Int(Int32.max)
  /// Sub-graphs lie in attributes of nodes; a hostile file must not exhaust the stack.
  private static let maximumDepth = 100

  /// Reads the message of a file. Throws ``FormatError`` for a file that is missing, damaged, or
  /// holds no graph.
  package static func read(path: String) throws -> ONNXModelProto {
    try decode(ByteSource(path: path).readAll(limit: maximumByteCount), file: path)
  }

  /// Reads a message that is in memory; `file` is its path for error messages.
  package static func decode(_ bytes: [UInt8], file: String) throws -> ONNXModelProto {
    guard !bytes.isEmpty else { throw FormatError(.truncated, file, "the file is empty.") }
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = maximumDepth
    let model: ONNXModelProto
    do {
      model = try ONNXModelProto(serializedBytes: bytes, options: options)
    } catch {
      throw FormatError(
        .malformed, file, "it is not an ONNX model, or it is incomplete (\(error)).")
    }
    guard model.hasGraph, model.hasIrVersion else {
      throw FormatError(.malformed, file, "it is not an ONNX model: it has no graph.")
    }
    return model
  }

  /// The bytes of a file.
  package static func encode(_ model: ONNXModelProto, file: String) throws -> [UInt8] {
    do {
      return try model.serializedBytes()
    } catch {
      throw FormatError(
        .tooLarge, file, "the model does not fit an ONNX file (\(error)); keep its weights outside.")
    }
  }
}

extension ONNXTensorProto.DataType {
  package init(_ dtype: DType) {
    self =
      switch dtype {
      case .bool: .bool
      case .u8: .uint8
      case .i8: .int8
      case .i16: .int16
      case .i32: .int32
      case .i64: .int64
      case .f16: .float16
      case .bf16: .bfloat16
      case .f32: .float
      case .f64: .double
      }
  }
}

extension DType {
  /// The dtype of an ONNX element type (`elem_type`, `data_type`), or nil for one that Apus has no
  /// tensors of.
  package init?(onnxElementType code: Int32) {
    guard let dtype = DType.allCases.first(where: { ONNXTensorProto.DataType($0).rawValue == code })
    else { return nil }
    self = dtype
  }
}
