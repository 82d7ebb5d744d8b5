import ApusFormats
import ApusIR
import Foundation
import Testing

@Suite("safetensors") struct SafetensorsTests {
  /// The tensors of all.safetensors, as scripts/generate-format-goldens makes them.
  static let all: [String: RawArray] = [
    "layer.weight": RawArray(.f32, [2, 3], bytes([0, 0.25, 0.5, 0.75, 1, 1.25] as [Float])),
    "layer.bias": RawArray(.f64, [1], bytes([-1.5])),
    "half": RawArray(.f16, [3], bytes([0x3C00, 0xC100, 0x7BFF] as [UInt16])),
    "brain": RawArray(.bf16, [2], bytes([0x3F80, 0xC020] as [UInt16])),
    "bytes": RawArray(.u8, [3], [0, 127, 255]),
    "signed": RawArray(.i8, [2], [128, 127]),
    "short": RawArray(.i16, [2], bytes([-32768, 32767] as [Int16])),
    "int": RawArray(.i32, [2, 1], bytes([-1, 7] as [Int32])),
    "long": RawArray(.i64, [], bytes([1 << 40])),
    "flags": RawArray(.bool, [3], [1, 0, 1]),
    "empty": RawArray(.f32, [0, 4], []),
    "quote \" and \\ and é": RawArray(.f32, [1], bytes([3] as [Float])),
  ]

  @Test("reads what Python writes: every dtype, scalars, empty tensors, odd names")
  func readsPython() throws {
    let file = try SafetensorsFile(path: goldenPath("all.safetensors"))
    #expect(file.metadata == ["format": "pt"])
    #expect(Set(file.names) == Set(Self.all.keys))
    for (name, array) in Self.all {
      #expect(try file.read(name) == array, "\(name)")
      #expect(try file.dtype(of: name) == array.dtype)
    }
  }

  @Test("writes the bytes that Python writes")
  func writesLikePython() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/all.safetensors"
      try SafetensorsWriter.write(Self.all, metadata: ["format": "pt"], to: path)
      #expect(try ByteSource(path: path).readAll() == golden("all.safetensors"))
    }
  }

  @Test("the places known before writing are those in the file, aligned and within it")
  func places() throws {
    let items = Self.all.map { SafetensorsWriter.Item($0.key, $0.value.dtype, $0.value.shape) }
    let writer = try SafetensorsWriter(items, metadata: ["format": "pt"])
    let bytes = try golden("all.safetensors")
    #expect(writer.byteCount == bytes.count)
    #expect(writer.header.count % 8 == 0)
    for entry in writer.entries {
      let array = try #require(Self.all[entry.name])
      #expect(Array(bytes[entry.offset..<entry.offset + entry.byteCount]) == array.bytes)
      #expect(entry.offset % array.dtype.byteCount == 0)
    }
  }

  @Test("reads into memory of the caller")
  func readsIntoMemory() throws {
    let file = try SafetensorsFile(path: goldenPath("all.safetensors"))
    var weight = [Float](repeating: 0, count: 6)
    try weight.withUnsafeMutableBytes { try file.read("layer.weight", into: $0) }
    #expect(weight == [0, 0.25, 0.5, 0.75, 1, 1.25])
  }

  @Test("a type that Apus cannot hold is an error only for its own tensor")
  func unsupportedType() throws {
    let file = try SafetensorsFile(path: goldenPath("unsigned.safetensors"))
    #expect(try elements(file.read("x"), as: Float.self) == [1, 1])
    expectError(.unsupported, "tensor 'wide' has elements of type U32", file: "unsigned") {
      try file.read("wide")
    }
  }

  @Test("an unknown name lists the names there are")
  func unknownName() throws {
    let file = try SafetensorsFile(path: goldenPath("unsigned.safetensors"))
    expectError(.missing, "it has no tensor 'y'; it has ", file: "unsigned") { try file.read("y") }
  }

  @Test("an empty set of tensors makes a valid file")
  func empty() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/empty.safetensors"
      try SafetensorsWriter.write([:], to: path)
      #expect(try SafetensorsFile(path: path).entries.isEmpty)
    }
  }

  @Test("names that cannot be written are refused")
  func badNames() {
    let item = SafetensorsWriter.Item("a", .f32, [1])
    expectError(.malformed, "named 'a'", file: "") { try SafetensorsWriter([item, item]) }
    expectError(.malformed, "'__metadata__'", file: "") {
      try SafetensorsWriter([SafetensorsWriter.Item("__metadata__", .f32, [1])])
    }
    expectError(.tooLarge, "impossible shape", file: "") {
      try SafetensorsWriter([SafetensorsWriter.Item("a", .f32, [.max, 2])])
    }
  }

  static func file(_ json: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
    bytes([length ?? UInt64(json.utf8.count)]) + Array(json.utf8) + [UInt8](repeating: 0, count: data)
  }

  static func tensor(_ offsets: String, shape: String = "[1]", dtype: String = "F32") -> String {
    #"{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}"#
  }

  static let lies: [(json: String, data: Int, kind: FormatError.Kind, text: String)] = [
    ("", 0, .malformed, "does not start with '{'"),
    ("[]", 0, .malformed, "does not start with '{'"),
    (" {}", 0, .malformed, "does not start with '{'"),
    ("{", 0, .malformed, "not valid JSON"),
    ("{} {}", 0, .malformed, "text after the end"),
    ("{}", 4, .malformed, "4 bytes follow the last tensor"),
    (#"{"a":1}"#, 0, .malformed, "is not an object"),
    (#"{"a":{}}"#, 0, .malformed, "no dtype"),
    (#"{"__metadata__":[]}"#, 0, .malformed, "__metadata__ is not an object"),
    (#"{"__metadata__":{"a":1}}"#, 0, .malformed, "not a string"),
    (#"{"a":\#(tensor("[0,4]")),"a":\#(tensor("[0,4]"))}"#, 4, .malformed, "the key 'a' occurs twice"),
    (#"{"a":\#(tensor("[0,4]", dtype: "F33"))}"#, 4, .malformed, "unknown dtype 'F33'"),
    (#"{"a":\#(tensor("[0,8]"))}"#, 8, .malformed, "needs 4 bytes, but its data_offsets [0, 8] give it 8"),
    (#"{"a":\#(tensor("[4,0]"))}"#, 4, .malformed, "two ascending numbers"),
    (#"{"a":\#(tensor("[0]"))}"#, 4, .malformed, "two ascending numbers"),
    (#"{"a":\#(tensor("[-4,0]"))}"#, 4, .malformed, "whole numbers from 0"),
    (#"{"a":\#(tensor("[0,4]", shape: "[-1]"))}"#, 4, .malformed, "whole numbers from 0"),
    (#"{"a":\#(tensor("[0,4]", shape: "[1.0]"))}"#, 4, .malformed, "whole numbers from 0"),
    (#"{"a":\#(tensor("[0,4]", shape: "1"))}"#, 4, .malformed, "whole numbers from 0"),
    (#"{"a":\#(tensor("[0,99999999999999999999]"))}"#, 4, .malformed, "whole numbers from 0"),
    (#"{"a":\#(tensor("[0,4]", shape: "[4294967296,4294967296]"))}"#, 4, .malformed, "beyond any memory"),
    (#"{"a":\#(tensor("[0,4]", shape: "[9223372036854775807]"))}"#, 4, .malformed, "beyond any memory"),
    (#"{"a":\#(tensor("[9223372036854775803,9223372036854775807]"))}"#, 4, .malformed, "outside the file"),
    (#"{"a":\#(tensor("[0,4]"))}"#, 3, .truncated, "incomplete"),
    (#"{"a":\#(tensor("[4,8]"))}"#, 8, .malformed, "leaves a hole"),
    (#"{"a":\#(tensor("[0,4]")),"b":\#(tensor("[8,12]"))}"#, 12, .malformed, "leaves a hole"),
    (#"{"a":\#(tensor("[0,4]")),"b":\#(tensor("[0,4]"))}"#, 4, .malformed, "overlaps"),
    (#"{"a":\#(tensor("[0,4]")),"b":\#(tensor("[2,6]"))}"#, 6, .malformed, "overlaps"),
    (#"{"a":\#(tensor("[0,1]", shape: "[3]", dtype: "F4"))}"#, 1, .malformed, "needs 1 bytes"),
    (#"{"\ud800":1}"#, 0, .malformed, "surrogate"),
    (#"{"\x":1}"#, 0, .malformed, "escape"),
    ("{\"a\u{1}\":1}", 0, .malformed, "control character"),
    (String(repeating: #"{"a":"#, count: 100_000), 0, .malformed, "too many levels"),
    (#"{"a":tru}"#, 0, .malformed, "is no value"),
    (#"{"a":01}"#, 0, .malformed, "is no value"),
  ]

  @Test("headers that lie are refused with the reason", arguments: lies.indices)
  func lyingHeader(_ index: Int) {
    let lie = Self.lies[index]
    expectError(lie.kind, lie.text) {
      try SafetensorsFile(bytes: Self.file(lie.json, data: lie.data), name: "bad")
    }
  }

  @Test("a length of the header beyond the limit or the file is refused before anything is read")
  func lyingLength() {
    expectError(.malformed, "limit") {
      try SafetensorsFile(bytes: Self.file("{}", length: .max), name: "bad")
    }
    expectError(.truncated, "only 10 bytes") {
      try SafetensorsFile(bytes: Self.file("{}", length: 3), name: "bad")
    }
  }

  @Test("a name that is not UTF-8 is refused")
  func badUTF8() {
    let json: [UInt8] = Array("{\"".utf8) + [0xFF, 0xC0] + Array("\":1}".utf8)
    expectError(.malformed, "not valid UTF-8") {
      try SafetensorsFile(bytes: bytes([UInt64(json.count)]) + json, name: "bad")
    }
  }

  @Test("escapes are undone")
  func escapes() throws {
    let json = #"{"__metadata__":{"\u0041\ud83d\ude00\n\/":"\t\b\f\r\"\\"}}"#
    let file = try SafetensorsFile(bytes: Self.file(json), name: "escapes")
    #expect(file.metadata == ["A😀\n/": "\t\u{8}\u{C}\r\"\\"])
  }

  @Test("every truncation is refused and no damage traps")
  func hostile() throws {
    checkHostile(try golden("all.safetensors"), rounds: 2_000) { bytes in
      let file = try SafetensorsFile(bytes: bytes, name: "bad")
      for entry in file.entries where entry.dtype != nil { _ = try file.read(entry.name) }
      return file.entries
    }
  }

  @Test("files that do not exist or are folders are named")
  func noFile() {
    expectError(.notFound, "no such file", file: "/nowhere/x") { try SafetensorsFile(path: "/nowhere/x") }
    expectError(.unreadable, "folder", file: "/tmp") { try SafetensorsFile(path: "/tmp") }
    expectError(.unreadable, "regular file", file: "/dev/null") { try SafetensorsFile(path: "/dev/null") }
  }

  @Test("the shared samples are read", .enabled(if: sharedData("safetensors-samples") != nil, "no shared data"))
  func samples() throws {
    let folder = try #require(sharedData("safetensors-samples"))
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      guard name.hasSuffix(".safetensors") else { continue }
      let file = try SafetensorsFile(path: "\(folder)/\(name)")
      #expect(!file.entries.isEmpty, "\(name)")
      for entry in file.entries where entry.dtype != nil {
        #expect(try file.read(entry.name).shape == entry.shape)
      }
    }
  }
}
