import ApusFormats
import ApusIR
import Foundation
import Testing

@Suite("NumPy files") struct NumPyTests {
  static let ramp = RawArray(.f32, [2, 3], bytes([0, 1, 2, 3, 4, 5] as [Float]))
  static let goldens: [(name: String, array: RawArray)] = [
    ("f32.npy", ramp), ("version2.npy", ramp), ("version3.npy", ramp),
    ("fortran.npy", RawArray(.i16, [2, 3, 4], bytes((0..<24).map(Int16.init)))),
    ("big-endian.npy", RawArray(.f64, [3], bytes([-1.0, 0, 1]))),
    ("bool.npy", RawArray(.bool, [2], [1, 0])),
    ("scalar.npy", RawArray(.i64, [], bytes([7]))),
  ]

  @Test("reads what NumPy writes", arguments: goldens.indices)
  func reads(_ index: Int) throws {
    let (name, array) = Self.goldens[index]
    #expect(try NumPyFile.read(path: goldenPath(name)) == array)
  }

  @Test("writes the bytes that NumPy writes", arguments: ["f32.npy", "bool.npy", "scalar.npy"])
  func writes(_ name: String) throws {
    let array = try #require(Self.goldens.first { $0.name == name }).array
    try withTemporaryFolder { folder in
      try NumPyFile.write(array, to: "\(folder)/x.npy")
      #expect(try ByteSource(path: "\(folder)/x.npy").readAll() == golden(name))
    }
  }

  @Test("every dtype and odd shape comes back", arguments: DType.allCases, [[], [0], [3], [2, 0, 4], [1, 2, 3, 4]])
  func roundTrip(_ dtype: DType, _ shape: [Int]) throws {
    let count = shape.reduce(1, *) * dtype.byteCount
    let array = RawArray(dtype, shape, (0..<count).map { dtype == .bool ? UInt8($0 % 2) : UInt8($0 % 256) })
    if dtype == .bf16 {
      expectError(.unsupported, "convert the array to f32") { try NumPyFile.encode(array, file: "bad") }
    } else {
      #expect(try NumPyFile.read(NumPyFile.encode(array, file: "x"), file: "x") == array)
    }
  }

  static func file(_ header: String, version: UInt8 = 1, data: Int = 0) -> [UInt8] {
    let length = bytes([UInt16(header.utf8.count)]) + (version == 1 ? [] : [0, 0])
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8)
      + [UInt8](repeating: 2, count: data)
  }

  static func header(
    _ shape: String, descr: String = "'<f4'", order: String = "False", more: String = ""
  ) -> String {
    "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), \(more)}"
  }

  static let lies: [(bytes: [UInt8], kind: FormatError.Kind, text: String)] = [
    (Array("PK\u{3}\u{4} a zip of arrays".utf8), .malformed, "not a NumPy file"),
    (file(header("(1,)"), version: 4, data: 4), .unsupported, "version 4"),
    (file(header("(1,)"), data: 3), .truncated, "promises f32[1]"),
    (file(header("(1,)"), data: 5), .malformed, "5 bytes follow"),
    (file(header("(9223372036854775807, 2)"), data: 5), .truncated, "promises"),
    (file(header("(99999999999999999999,)"), data: 5), .malformed, "beyond any memory"),
    (file(header("(-1,)"), data: 4), .malformed, "whole numbers"),
    (file(header("(1"), data: 4), .malformed, "damaged"),
    (file(header("1"), data: 4), .malformed, "damaged"),
    (file(header("(1,)", descr: "'<c8'"), data: 8), .unsupported, "'<c8'"),
    (file(header("(1,)", descr: "'f4'"), data: 4), .unsupported, "'f4'"),
    (file(header("(1,)", descr: "''"), data: 4), .unsupported, "''"),
    (file(header("(1,)", descr: "'|O'"), data: 4), .unsupported, "'|O'"),
    (file(header("(1,)", descr: "[('a', '<f4')]"), data: 4), .unsupported, "records"),
    (file(header("(1,)", order: "0"), data: 4), .malformed, "True or False"),
    (file(header("(1,)", more: "'x': 1"), data: 4), .malformed, "unknown key 'x'"),
    (file(header("(1,)", more: "'shape': (1,)"), data: 4), .malformed, "occurs twice"),
    (file("{'descr': '<f4'}", data: 4), .malformed, "missing"),
    (file("", data: 4), .malformed, "damaged"),
    (file(header("(1,)") + "x", data: 4), .malformed, "text after"),
    (file(header("(1,)", descr: "'|b1'"), data: 1), .malformed, "boolean of value 2"),
    (file(header("(1,)") + String(repeating: " ", count: 20_000), data: 4), .malformed, "at most 10000"),
  ]

  @Test("headers that lie are refused with the reason", arguments: lies.indices)
  func lyingHeader(_ index: Int) {
    let lie = Self.lies[index]
    expectError(lie.kind, lie.text) { try NumPyFile.read(lie.bytes, file: "bad") }
  }

  @Test("complex numbers are refused by name")
  func complex() {
    expectError(.unsupported, "'<c16'", file: "complex.npy") { try NumPyFile.read(path: goldenPath("complex.npy")) }
  }

  @Test("every truncation is refused and no damage traps", arguments: ["f32.npy", "fortran.npy", "version3.npy"])
  func hostile(_ name: String) throws {
    checkHostile(try golden(name), rounds: 1_000) { try NumPyFile.read($0, file: "bad") }
  }
}
