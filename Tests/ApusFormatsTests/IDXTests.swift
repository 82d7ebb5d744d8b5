import ApusFormats
import ApusIR
import Foundation
import Testing

@Suite("IDX and gzip files") struct IDXTests {
  static let images = RawArray(.u8, [2, 3, 4], (0..<24).map(UInt8.init))

  @Test("reads plain and compressed files", arguments: ["images-idx3-ubyte", "images-idx3-ubyte.gz"])
  func reads(_ name: String) throws {
    #expect(try IDXFile.read(path: goldenPath(name)) == Self.images)
  }

  @Test("wider elements are turned to little-endian")
  func floats() throws {
    let array = try IDXFile.read(path: goldenPath("floats-idx1-float"))
    #expect(array == RawArray(.f32, [2], bytes([1.5, -2] as [Float])))
  }

  @Test("wrong counts and magic numbers are refused with the reason", arguments: [false, true])
  func lies(_ isCompressed: Bool) throws {
    let plain = try golden("images-idx3-ubyte")
    func expect(_ kind: FormatError.Kind, _ text: String, _ change: (inout [UInt8]) -> Void) {
      var bytes = plain
      change(&bytes)
      if isCompressed { bytes = Gzip.compress(bytes) }
      expectError(kind, text) { try IDXFile.read(bytes, file: "bad") }
    }
    expect(.malformed, "not an IDX file: it starts with the bytes 1 0 8 3") { $0[0] = 1 }
    expect(.malformed, "not an IDX file") { $0[2] = 0x0A }
    expect(.truncated, "promises") { $0[7] = 3 }
    expect(.malformed, "goes on after") { $0[7] = 1 }
    expect(.truncated, "more than a file of this size") { bytes in for i in 4..<16 { bytes[i] = 0xFF } }
    expect(.truncated, "more than a file of this size") { $0[4] = 0x7F }
    expect(.truncated, "inside its header") { $0[3] = 255 }
    expect(.truncated, "only 3 bytes") { $0 = Array($0.prefix(3)) }
  }

  @Test("every truncation is refused and no damage traps", arguments: ["images-idx3-ubyte", "images-idx3-ubyte.gz"])
  func hostile(_ name: String) throws {
    checkHostile(try golden(name), rounds: 2_000) { try IDXFile.read($0, file: "bad") }
  }

  @Test("a wrong checksum is found though all elements are there")
  func checksum() throws {
    var bytes = try golden("images-idx3-ubyte.gz")
    bytes[bytes.count - 8] ^= 1
    expectError(.malformed, "compressed data is damaged: incorrect data check") {
      try IDXFile.read(bytes, file: "bad")
    }
  }

  @Test("gzip: what is compressed comes back, members in a row are one file", arguments: [0, 1, 100_000])
  func gzip(_ count: Int) throws {
    let bytes = (0..<count).map { UInt8($0 * $0 % 251) }
    #expect(try Gzip.decompress(Gzip.compress(bytes), limit: count, file: "x") == bytes)
    let twice = Gzip.compress(bytes) + Gzip.compress(bytes)
    #expect(try Gzip.decompress(twice, limit: 2 * count, file: "x") == bytes + bytes)
  }

  @Test("a bomb is stopped at the limit")
  func bomb() {
    let bomb = Gzip.compress([UInt8](repeating: 0, count: 10_000_000))
    #expect(bomb.count < 20_000)
    expectError(.tooLarge, "more than the 1000 bytes") { try Gzip.decompress(bomb, limit: 1000, file: "bad") }
  }

  @Test("Fashion-MNIST is read", .enabled(if: sharedData("fashion-mnist") != nil, "no shared data"))
  func fashion() throws {
    let folder = try #require(sharedData("fashion-mnist"))
    let images = try IDXFile.read(path: "\(folder)/t10k-images-idx3-ubyte.gz")
    let labels = try IDXFile.read(path: "\(folder)/t10k-labels-idx1-ubyte.gz")
    #expect(images.shape == [10_000, 28, 28])
    #expect(labels.shape == [10_000] && labels.bytes.allSatisfy { $0 < 10 })
  }
}
