import ApusFormats
import ApusIR
import Foundation
import Testing

@Suite("ONNX messages") struct ONNXTests {
  @Test("reads what Python writes: nodes, signature, tensors in all their forms")
  func readsPython() throws {
    let path = goldenPath("small.onnx")
    let model = try ONNXFile.read(path: path)
    #expect(model.irVersion == 8 && model.opsetImport.first?.version == 17)
    #expect(model.graph.node.map(\.opType) == ["MatMul"])
    let shape = model.graph.input[0].type.tensorType.shape.dim
    #expect(shape[0].dimParam == "batch" && shape[1].dimValue == 3)

    var arrays: [String: RawArray] = [:]
    for tensor in model.graph.initializer where tensor.name != "text" {
      arrays[tensor.name] = try tensor.array(file: path)
    }
    #expect(arrays["external"] == RawArray(.f32, [3, 2], bytes([0, 1, 2, 3, 4, 5] as [Float])))
    #expect(arrays["raw"] == RawArray(.i64, [2], bytes([1, -2])))
    #expect(arrays["typed_half"] == RawArray(.f16, [2], bytes([0x3C00, 0xC000] as [UInt16])))
    #expect(arrays["typed_i8"] == RawArray(.i8, [2], [0xFF, 2]))
    expectError(.unsupported, "type 8", file: "small.onnx") { try model.graph.initializer[4].array(file: path) }
  }

  @Test("a message that is read and written again keeps its bytes, unknown fields included")
  func roundTrip() throws {
    let original = try golden("small.onnx")
    let again = try ONNXFile.encode(ONNXFile.decode(original, file: "x"), file: "x")
    #expect(try ONNXFile.decode(again, file: "x") == ONNXFile.decode(original, file: "x"))
    #expect(again.count == original.count)
  }

  @Test("every dtype goes through a tensor and through external data", arguments: DType.allCases)
  func tensors(_ dtype: DType) throws {
    let array = RawArray(dtype, [2, 1], [UInt8](repeating: 1, count: 2 * dtype.byteCount))
    #expect(try ONNXTensorProto("t", array).array(file: "x") == array)
    try withTemporaryFolder { folder in
      try SafetensorsWriter.write(["t": array], to: "\(folder)/weights.safetensors")
      let entry = try SafetensorsFile(path: "\(folder)/weights.safetensors").entry("t")
      let tensor = ONNXTensorProto(entry, dtype: dtype, location: "weights.safetensors")
      #expect(try tensor.array(file: "\(folder)/model.onnx") == array)
    }
  }

  @Test("places outside the folder, the file or the shape are refused")
  func places() throws {
    func external(_ fields: [(String, String)], dims: [Int64] = [2]) -> ONNXTensorProto {
      var tensor = ONNXTensorProto()
      tensor.name = "t"
      tensor.dataType = 1
      tensor.dims = dims
      tensor.dataLocation = .external
      tensor.externalData = fields.map { key, value in
        var pair = ONNXStringStringEntryProto()
        pair.key = key
        pair.value = value
        return pair
      }
      return tensor
    }
    let model = goldenPath("small.onnx")
    let cases: [([(String, String)], [Int64], FormatError.Kind, String)] = [
      ([], [2], .malformed, "which is not said"),
      ([("location", "/etc/passwd")], [2], .malformed, "outside the model's folder"),
      ([("location", "a/../../x")], [2], .malformed, "outside the model's folder"),
      ([("location", "no.bin")], [2], .notFound, "no such file"),
      ([("location", "external.bin"), ("offset", "x")], [2], .malformed, "offset x"),
      ([("location", "external.bin"), ("offset", "-8")], [2], .malformed, "offset -8"),
      ([("location", "external.bin"), ("length", "9")], [2], .malformed, "length 9"),
      ([("location", "external.bin"), ("offset", "9223372036854775800")], [2], .malformed, "impossible offset"),
      ([("location", "external.bin"), ("offset", "32")], [2], .truncated, "incomplete"),
      ([("location", "external.bin")], [-2], .malformed, "impossible shape"),
      ([("location", "external.bin")], [.max, .max], .malformed, "impossible shape"),
      ([("location", "external.bin")], [1 << 40], .truncated, "incomplete"),
    ]
    for (fields, dims, kind, text) in cases {
      expectError(kind, text, file: "Resources") { try external(fields, dims: dims).array(file: model) }
    }
    var short = ONNXTensorProto("t", RawArray(.f32, [1], [0, 0, 0, 0]))
    short.dims = [2]
    expectError(.malformed, "needs 8 bytes, but has 4") { try short.array(file: "bad") }
  }

  @Test("no damage traps; a prefix may be a smaller message, so only the graph is asked for")
  func hostile() throws {
    checkHostile(try golden("small.onnx"), rounds: 2_000, allowsPrefix: { $0 > 0 }) { bytes in
      let model = try ONNXFile.decode(bytes, file: "bad")
      for tensor in model.graph.initializer { _ = try? tensor.array(file: "bad") }
      return model
    }
  }
}
