import ApusIR
import Foundation
import Testing

@testable import ApusFormats

/// Event files are, byte for byte, what TensorBoard's own package writes.
@Suite struct TensorBoardTests {
  @Test func eventsAreThoseOfTensorBoard() throws {
    let histogram = Histogram([-1, 0.5, 1, 2, 3, .nan, .infinity], buckets: 4)
    let events = [
      TensorBoardEvent(.version, step: 0, wallTime: 1.5),
      TensorBoardEvent(.start, step: 7, wallTime: 2.5),
      TensorBoardEvent(.scalar(tag: "loss", 0.25), step: 7, wallTime: 3),
      TensorBoardEvent(.scalar(tag: "zero", 0), step: 300, wallTime: 3),
      TensorBoardEvent(.histogram(tag: "weights", histogram), step: 8, wallTime: 4),
    ]
    let bytes = events.flatMap { TFRecord.framed($0.bytes) }
    #expect(try bytes == golden("events.tfevents"))
  }

  /// RFC 3720, appendix B.4.
  @Test func checksums() {
    #expect(TFRecord.crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(TFRecord.crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(TFRecord.crc32c(Array(0..<32)) == 0x46DD_794E)
  }

  @Test func histogramsOfOddValues() {
    #expect(Histogram([]).counts.isEmpty && Histogram([.nan]).count == 0)
    let one = Histogram([2, 2, 2], buckets: 3)
    #expect(one.counts.reduce(0, +) == 3 && one.minimum == 2 && one.maximum == 2)
    #expect(one.limits == one.limits.sorted() && one.limits[0] > 2)
    let wide = Histogram([-Float.greatestFiniteMagnitude, .greatestFiniteMagnitude])
    #expect(wide.counts.first == 1 && wide.counts.last == 1)
  }

  /// Groups are modules; each name occurs once, and every operand is another node.
  @Test func graphsNameTheirModules() throws {
    var program = Program(inputs: [TensorType(.f32, [2])])
    let once = try program.append(.unary(.exp), [0], module: "layers.0")
    program.outputs = [try program.append(.unary(.log), [once], module: "layers.1")]
    let text = String(decoding: TensorBoardGraph(program, inputNames: ["layers.0.x"]).bytes, as: UTF8.self)
    for name in ["layers/0/x", "layers/0/exp_0", "layers/1/log_1"] { #expect(text.contains(name)) }
    #expect(text.components(separatedBy: "layers/0/exp_0").count == 3)
  }

  @Test func filesBeginWithTheVersion() throws {
    try withTemporaryFolder { folder in
      let first = try TensorBoardWriter(folder: "\(folder)/logs")
      let second = try TensorBoardWriter(folder: "\(folder)/logs", replacingFrom: 5)
      #expect(first.path != second.path)
      try first.write(.scalar(tag: "a", 1), step: 1)
      let bytes = try ByteSource(path: first.path).readAll()
      #expect(String(decoding: bytes[12..<60], as: UTF8.self).contains("brain.Event:2"))
      expectError(.unwritable, file: "") { try TensorBoardWriter(folder: "\(first.path)/x") }
    }
  }
}
